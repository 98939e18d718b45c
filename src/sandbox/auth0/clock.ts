/** Everything that Auth0 dates or lets expire asks this clock; only delivery backoff runs on real timers. */
export type Clock = () => Date;
