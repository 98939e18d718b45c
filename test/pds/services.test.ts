/** Whether the PDS that a DID names is the one that Concord talks to. */
import { describe, expect, it, test } from 'vitest';
import { originOf, ownServices } from '../../src/pds/services.ts';

describe('the own PDS', () => {
  it.each<[pdsUrl: string, serviceDid: string, origin: string, isOwn: boolean]>([
    ['https://pds.example.com', 'did:web:pds.example.com', 'https://pds.example.com', true],
    ['https://pds.example.com', 'did:web:pds.example.com', 'https://PDS.example.com', true],
    ['https://pds.example.com', 'did:web:pds.example.com', 'https://pds.example.com:443', true],
    ['https://pds.example.com', 'did:web:pds.example.com', 'https://pds.example.com:8443', false],
    ['https://pds.example.com', 'did:web:pds.example.com', 'https://example.com', false],
    // An internal address, while accounts name the public one.
    ['http://10.0.0.7:2583', 'did:web:pds.example.com', 'https://pds.example.com', true],
    ['http://pds:3000', 'did:web:pds.example.com', 'https://other.example.com', false],
    ['http://127.0.0.1:2583', 'did:web:pds.example.com', 'http://localhost:2583', true],
    ['http://[::1]:2583', 'did:web:pds.example.com', 'http://localhost:2583', true],
    ['http://localhost:2583', 'did:web:pds.example.com', 'http://localhost:9999', false],
    // A development PDS leaves its port out of its name.
    ['http://localhost:9999', 'did:web:localhost', 'http://localhost:2583', true],
    ['http://localhost:9999', 'did:web:localhost', 'https://elsewhere.example', false],
    ['http://pds:3000', 'did:web:dev.example.com%3A8443', 'https://dev.example.com:8443', true],
  ])('%s, which is %s, and %s: %s', async (pdsUrl, serviceDid, origin, isOwn) => {
    expect(await ownServices(pdsUrl, async () => serviceDid).includes(origin)).toBe(isOwn);
  });

  test('is asked for its name once, and only where PDS_URL does not tell', async () => {
    let asked = 0;
    const own = ownServices('http://pds:3000', async () => {
      asked += 1;
      return 'did:web:pds.example.com';
    });
    await own.includes('http://pds:3000');
    expect(asked).toBe(0);
    await own.includes('https://pds.example.com');
    await own.includes('https://elsewhere.example');
    expect(asked).toBe(1);
  });

  test('that cannot be asked, or has no name, is not another one', async () => {
    const away = ownServices('http://pds:3000', () => Promise.reject(new Error('away')));
    await expect(away.includes('https://pds.example.com')).rejects.toThrow('away');
    const nameless = ownServices('http://pds:3000', async () => 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa');
    await expect(nameless.includes('https://pds.example.com')).rejects.toMatchObject({
      code: 'UNEXPECTED_ANSWER',
    });
  });
});

it.each([
  ['https://pds.example.com/xrpc?x#y', 'https://pds.example.com'],
  ['https://user:secret@pds.example.com', 'https://pds.example.com'],
  ['javascript:alert(1)', undefined],
  ['pds.example.com', undefined],
  ['', undefined],
])('the origin of %s', (endpoint, origin) => {
  expect(originOf(endpoint)).toBe(origin);
});
