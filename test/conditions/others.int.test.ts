/** Conditions of the documents, the address and the handle that need action: their commands work. */
import { expect, test } from 'vitest';
import { NEEDS_ACTION, WAITING_FOR_DECISION } from '../../src/reconcilers/needs-action.ts';
import { ofAccount } from './cases-of-account.ts';
import { ofUserDocument, ofVerification, whileWaiting } from './cases-of-documents.ts';
import { ofEmail, ofHandle } from './cases-of-email.ts';
import { describeConditions, rowsOf } from './check.ts';

test('every condition that needs action has a case, and no other has', () => {
  const cases = {
    verification: ofVerification,
    'user-document': ofUserDocument,
    account: ofAccount,
    email: ofEmail,
    handle: ofHandle,
  };
  const reasons = Object.entries(cases).map(([type, all]) => [type, Object.keys(all).sort()]);
  expect(reasons).toEqual(Object.entries(NEEDS_ACTION).map(([type, all]) => [type, [...all].sort()]));
});

describeConditions([
  ...rowsOf('verification', ofVerification),
  ...rowsOf('user-document', ofUserDocument),
  ...rowsOf('email', ofEmail),
  ...rowsOf('handle', ofHandle),
  { ...whileWaiting, type: 'handle', reason: WAITING_FOR_DECISION },
]);
