/** An error answer of the Management API, in the body that Auth0 gives. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly statusCode: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(statusCode: number, message: string, errorCode?: string) {
    super(message);
    this.statusCode = statusCode;
    this.body = {
      statusCode,
      error: REASONS[statusCode] ?? 'Error',
      message,
      ...(errorCode === undefined ? {} : { errorCode }),
    };
  }
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export function invalidQuery(message: string): ApiError {
  return new ApiError(400, `Query validation error: ${message}`, 'invalid_query_string');
}

export function invalidBody(message: string): ApiError {
  return new ApiError(400, `Payload validation error: ${message}`, 'invalid_body');
}

/** The standard body for a status that a fault asks for. */
export function standardError(statusCode: number): ApiError {
  if (statusCode === 429) return new ApiError(429, 'Global limit has been reached', 'too_many_requests');
  return new ApiError(statusCode, REASONS[statusCode] ?? 'Error');
}
