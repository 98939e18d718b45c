import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../../src/events/facts.ts';
import { fold } from '../../../src/events/fold.ts';
import type { AccountHandle } from '../../../src/identity.ts';
import type { PdsAccount } from '../../../src/ports/accounts.ts';
import type { AccountRecord } from '../../../src/ports/documents.ts';
import {
  changeHandle,
  chooseHandle,
  type DesiredHandle,
  desired,
  type HandleAction,
  type Holder,
  observe,
  plan,
  recordHandle,
} from '../../../src/reconcilers/account/handle.ts';
import { alice, aliceDid, at, bobDid, code, handle } from '../../mongo/subjects/people.ts';
import { inMemoryAccounts } from '../../support/in-memory/accounts.ts';
import { aliceEvent } from '../../support/in-memory/alice-events.ts';
import { applyContext } from '../../support/in-memory/apply-context.ts';
import { inMemoryDocuments } from '../../support/in-memory/documents.ts';
import { inMemoryWorkQueue } from '../../support/in-memory/work-queue.ts';

const DAY = 86_400_000;
const now = at(1_000_000);
const own = code('ac26nobeb');
const codeHandle = handle('ac26nobeb');

function wants(
  platformHandle: string | null,
  refused: readonly (readonly [AccountHandle, Refusal])[] = [],
): DesiredHandle {
  const history = [aliceEvent('handle.observed', 1, { handle: platformHandle })];
  const chosen = desired(fold(history), '.at.test', DAY, 'none');
  return { ...chosen, refused: new Map(refused) };
}

function accountOf(changes: Partial<PdsAccount> = {}): PdsAccount {
  return {
    did: aliceDid,
    handle: handle('alice'),
    email: 'alice@example.com',
    inviteHash: undefined,
    state: 'active',
    ...changes,
  };
}

const byBob: Holder = { type: 'account', account: accountOf({ did: bobDid, email: 'bob@example.com' }) };
const byAlice: Holder = { type: 'account', account: accountOf() };
const recently = new Date(now.getTime() - DAY + 1);
const longAgo = new Date(now.getTime() - DAY);

describe('the handle that is wanted', () => {
  it.each([
    { reason: 'none was chosen', name: null, gives: codeHandle, says: 'NoPlatformHandle' },
    { reason: 'two characters break the rules', name: '43', gives: codeHandle, says: 'HandleNotAllowed' },
    { reason: 'a leading underscore does', name: '_alice', gives: codeHandle, says: 'HandleNotAllowed' },
    {
      reason: 'a reserved word was refused, and is not asked for again',
      name: 'music',
      refused: [[handle('music'), { reason: 'not-allowed', at: at(0) }]],
      gives: codeHandle,
      says: 'HandleNotAllowed',
    },
    {
      reason: 'another account holds it',
      name: 'alice',
      holder: byBob,
      gives: codeHandle,
      says: 'HandleTaken',
    },
    {
      reason: 'a hidden account holds it',
      name: 'alice',
      holder: { type: 'hidden' },
      gives: codeHandle,
      says: 'HandleTaken',
    },
    {
      reason: 'it was taken not long ago',
      name: 'alice',
      refused: [[handle('alice'), { reason: 'taken', at: recently }]],
      holder: { type: 'nobody' },
      gives: codeHandle,
      says: 'HandleTaken',
    },
    {
      reason: 'it was taken long ago and is free now',
      name: 'alice',
      refused: [[handle('alice'), { reason: 'taken', at: longAgo }]],
      holder: { type: 'nobody' },
      gives: handle('alice'),
      says: 'PlatformHandle',
    },
    {
      reason: 'it is free',
      name: 'alice',
      holder: { type: 'nobody' },
      gives: handle('alice'),
      says: 'PlatformHandle',
    },
    {
      reason: 'it is this user’s already',
      name: 'alice',
      holder: byAlice,
      gives: handle('alice'),
      says: 'PlatformHandle',
    },
    {
      reason: 'dots and underscores become hyphens',
      name: 'A.lice_1',
      gives: handle('a-lice-1'),
      says: 'PlatformHandle',
    },
    {
      reason: 'the refusal of another handle says nothing of this one',
      name: 'alice',
      refused: [[handle('music'), { reason: 'not-allowed', at: recently }]],
      gives: handle('alice'),
      says: 'PlatformHandle',
    },
    {
      reason: 'not even the code is to be had',
      name: null,
      refused: [[codeHandle, { reason: 'taken', at: at(0) }]],
      gives: undefined,
      says: 'CodeHandleRefused',
    },
  ] as const)('$reason', ({ name, gives, says, ...rest }) => {
    const refused = 'refused' in rest ? rest.refused : [];
    const holder: Holder | undefined = 'holder' in rest ? rest.holder : undefined;
    const choice = chooseHandle(wants(name, refused), own, holder, aliceDid, now);
    expect(choice).toMatchObject({ handle: gives, reason: says });
  });

  it('is not known while the code is needed and not there', () => {
    expect(chooseHandle(wants(null), undefined, undefined, undefined, now).handle).toBeUndefined();
  });
});

describe('the plan', () => {
  const recorded = (name: string): AccountRecord => ({
    did: aliceDid,
    handle: handle(name),
    hasPassword: true,
  });
  it.each([
    {
      reason: 'absent: there is no account',
      account: undefined,
      action: undefined,
      says: 'True NoAccount',
    },
    {
      reason: 'an account that is not managed is not absent',
      account: undefined,
      leftBecause: 'The user is deleted in Auth0.',
      action: undefined,
      says: 'True NotManaged',
    },
    {
      reason: 'unowned: a domain of the user’s own is left alone',
      account: accountOf({ handle: 'alice.example.com' as AccountHandle }),
      recorded: { ...recorded('alice'), handle: 'alice.example.com' as AccountHandle },
      action: undefined,
      says: 'True OwnDomain',
    },
    {
      reason: 'a domain of the user’s own is recorded where the document has another',
      account: accountOf({ handle: 'alice.example.com' as AccountHandle }),
      action: 'record-handle',
      says: 'False NotRecorded',
    },
    { reason: 'equal gives nothing', account: accountOf(), action: undefined, says: 'True PlatformHandle' },
    {
      reason: 'drift in the document is recorded',
      account: accountOf(),
      recorded: recorded('alix'),
      action: 'record-handle',
      says: 'False NotRecorded',
    },
    {
      reason: 'an account that the document does not name at all is not this resource’s concern',
      account: accountOf(),
      recorded: undefined,
      action: undefined,
      says: 'True PlatformHandle',
    },
    {
      reason: 'drift on the PDS is changed',
      account: accountOf({ handle: handle('alix') }),
      holder: { type: 'nobody' },
      action: 'change-handle',
      to: handle('alice'),
      says: 'False HandleDiffers',
    },
    {
      reason: 'a taken handle leaves the code that the account carries',
      account: accountOf({ handle: codeHandle }),
      recorded: recorded('ac26nobeb'),
      holder: byBob,
      action: undefined,
      says: 'True HandleTaken',
    },
    {
      reason: 'a taken handle changes any other back to the code',
      account: accountOf({ handle: handle('alix') }),
      holder: byBob,
      action: 'change-handle',
      to: codeHandle,
      says: 'False HandleDiffers',
    },
    {
      reason: 'removal: a handle that was given up leaves the code',
      name: null,
      account: accountOf(),
      action: 'change-handle',
      to: codeHandle,
      says: 'False HandleDiffers',
    },
    {
      reason: 'the code is needed and not there',
      name: null,
      code: undefined,
      account: accountOf(),
      action: undefined,
      says: 'False WaitingForCode',
    },
    {
      reason: 'the code is needed and was refused',
      name: null,
      refused: [[codeHandle, { reason: 'taken', at: at(0) }]],
      account: accountOf(),
      action: undefined,
      says: 'False CodeHandleRefused',
      held: true,
    },
  ] as const)('$reason', ({ account, action, says, ...rest }) => {
    const wanted = wants('name' in rest ? rest.name : 'alice', 'refused' in rest ? rest.refused : []);
    const found = plan(
      wanted,
      {
        managed: { account, leftBecause: 'leftBecause' in rest ? rest.leftBecause : undefined },
        recorded: 'recorded' in rest ? rest.recorded : recorded('alice'),
        code: 'code' in rest ? rest.code : own,
        holder: 'holder' in rest ? rest.holder : undefined,
      },
      now,
    );
    expect(found.actions.map(({ type }) => type)).toEqual(action === undefined ? [] : [action]);
    if ('to' in rest) expect(found.actions).toMatchObject([{ to: rest.to }]);
    expect(`${found.condition.status} ${found.condition.reason}`).toBe(says);
    expect(found.condition.held).toBe('held' in rest);
  });
});

describe('observing', () => {
  it('asks who holds the handle only where that decides anything', async () => {
    const accounts = inMemoryAccounts();
    const { subjects } = inMemoryWorkQueue();
    const look = (wanted: DesiredHandle, account: PdsAccount | undefined) =>
      observe({ accounts, subjects, lookUpTaken: async () => new Map() }, alice.user, wanted, account);
    const did = accounts.put({ handle: handle('alice'), email: 'bob@example.com' });
    expect(await look(wants(null), accountOf())).toBeUndefined();
    expect(await look(wants('alice'), undefined)).toBeUndefined();
    expect(await look(wants('alice'), accountOf())).toBeUndefined();
    const holder = await look(wants('alice'), accountOf({ handle: handle('alix') }));
    expect(holder).toMatchObject({ type: 'account', account: { did } });
    accounts.change(did, { status: 'takendown' });
    expect(await look(wants('alice'), accountOf({ handle: handle('alix') }))).toEqual({
      type: 'hidden',
    });
  });
});

describe('applying', () => {
  function setUp(current: string) {
    const [accounts, documents] = [inMemoryAccounts(), inMemoryDocuments()];
    const did = accounts.put({ handle: handle(current), email: 'alice@example.com' });
    documents.users.set(alice.user, { code: own, account: { did, handle: handle(current) } });
    const account = accountOf({ did, handle: handle(current) });
    const change = (to: string, isCode = false): Extract<HandleAction, { type: 'change-handle' }> => ({
      resource: 'handle',
      type: 'change-handle',
      account,
      recorded: handle(current),
      to: handle(to),
      isCode,
    });
    const carried = () => [
      accounts.stored.get(did)?.handle,
      documents.users.get(alice.user)?.account?.handle,
    ];
    return { accounts, documents, did, account, change, carried };
  }

  it('changes both the account and the document, and twice is once', async () => {
    const { accounts, documents, did, change, carried } = setUp('alice');
    const context = applyContext(alice.user);
    await changeHandle(documents, accounts, change('alix'), context);
    await changeHandle(documents, accounts, change('alix'), context);
    expect(carried()).toEqual([handle('alix'), handle('alix')]);
    expect(context.told[0]).toEqual({
      type: 'handle.changed',
      data: { did, from: handle('alice'), to: handle('alix') },
    });
  });

  it('does not rename to a reserved word, though an administrator could', async () => {
    const { accounts, documents, change, carried } = setUp('alice');
    const context = applyContext(alice.user);
    await changeHandle(documents, accounts, change('music'), context);
    expect(carried()).toEqual([handle('alice'), handle('alice')]);
    expect(context.told).toEqual([
      { type: 'handle.refused', data: { handle: handle('music'), reason: 'not-allowed' } },
    ]);
  });

  it('leaves both as they are when somebody was faster, hidden or not', async () => {
    const { accounts, documents, change, carried } = setUp('alice');
    accounts.put({ handle: handle('alix'), email: 'bob@example.com', status: 'deactivated' });
    const context = applyContext(alice.user);
    await changeHandle(documents, accounts, change('alix'), context);
    expect(carried()).toEqual([handle('alice'), handle('alice')]);
    expect(context.told).toEqual([
      { type: 'handle.refused', data: { handle: handle('alix'), reason: 'taken' } },
    ]);
  });

  it('writes over no handle that has come to the document meanwhile', async () => {
    const { accounts, documents, change, did, carried } = setUp('alice');
    documents.users.set(alice.user, { code: own, account: { did, handle: handle('allie') } });
    const context = applyContext(alice.user);
    await expect(changeHandle(documents, accounts, change('alix'), context)).rejects.toMatchObject({
      code: 'DOCUMENT_CHANGED',
      retryable: true,
    });
    expect(carried()).toEqual([handle('alix'), handle('allie')]);
    expect(context.told).toEqual([]);
  });

  it('records in the document what the account carries', async () => {
    const { documents, account, did, carried } = setUp('alice');
    documents.users.set(alice.user, { code: own, account: { did, handle: handle('alix') } });
    const context = applyContext(alice.user);
    const action = {
      resource: 'handle',
      type: 'record-handle',
      account,
      recorded: handle('alix'),
    } as const;
    await recordHandle(documents, action, context);
    expect(carried()).toEqual([handle('alice'), handle('alice')]);
    expect(context.told).toEqual([{ type: 'handle.recorded', data: { did, handle: handle('alice') } }]);
  });
});
