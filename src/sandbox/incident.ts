/**
 * The incident this engine exists for: creating the unique index on users.code under a new name
 * failed, since code_1 existed, and the failure was swallowed. For days every new user had a
 * verifications document and nothing else.
 */
export interface IncidentUser {
  readonly userId: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly createdAt: string;
  readonly handle: string | null;
  readonly verifications: number;
}

export const INCIDENT = {
  tenant: 'aesthetic',
  existingIndex: { collection: 'users', key: { code: 1 }, name: 'code_1', unique: true, sparse: true },
  users: [
    {
      userId: 'auth0|68ee50300000000000000001',
      email: 'ada@example.com',
      emailVerified: false,
      createdAt: '2025-10-14T13:29:20.565Z',
      handle: null,
      verifications: 0,
    },
    {
      userId: 'auth0|68ee500f0000000000000002',
      email: 'birch@example.com',
      emailVerified: true,
      createdAt: '2025-10-14T13:28:47.112Z',
      handle: 'cedar',
      verifications: 1,
    },
    {
      userId: 'auth0|68ee4fe60000000000000003',
      email: 'viola@example.com',
      emailVerified: true,
      createdAt: '2025-10-14T13:28:06.904Z',
      handle: null,
      verifications: 1,
    },
    {
      userId: 'auth0|68ede47a0000000000000004',
      email: 'lark@example.com',
      emailVerified: true,
      createdAt: '2025-10-14T05:49:46.330Z',
      handle: 'larkspur',
      verifications: 1,
    },
    {
      userId: 'auth0|68ebc6c70000000000000005',
      email: 'tern@example.com',
      emailVerified: true,
      createdAt: '2025-10-12T15:18:31.008Z',
      handle: '43',
      verifications: 1,
    },
  ] satisfies IncidentUser[] as readonly IncidentUser[],
  /** Of the five alone. `code` stands for the user's own code. */
  expected: {
    before: { verifications: '5/5', users: '0/5', handles: '3/5', accounts: '0/4' },
    after: { verifications: '5/5', users: '5/5', codes: '5/5', handles: '3/5', accounts: '4/4' },
    waitingForEmailVerification: 1,
    accountHandles: {
      'auth0|68ee500f0000000000000002': 'cedar',
      'auth0|68ee4fe60000000000000003': 'code',
      'auth0|68ede47a0000000000000004': 'larkspur',
      'auth0|68ebc6c70000000000000005': 'code',
    } as Readonly<Record<string, string>>,
  },
} as const;

/** `--users N`: more people in the same trouble, the same ones in every run. */
export function inventedUsers(count: number): IncidentUser[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(6, '0');
    return {
      userId: `auth0|68ea0000000000000${number}`,
      email: `person-${number}@example.com`,
      emailVerified: index % 5 !== 4,
      createdAt: new Date(Date.UTC(2025, 9, 1) + index * 1_000).toISOString(),
      handle: index % 2 === 0 ? `person-${number}` : null,
      verifications: index % 5 === 4 ? 0 : 1,
    };
  });
}
