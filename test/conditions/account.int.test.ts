/** Conditions of the account that need action: their commands work. */
import { ofAccount } from './cases-of-account.ts';
import { describeConditions, rowsOf } from './check.ts';

describeConditions(rowsOf('account', ofAccount));
