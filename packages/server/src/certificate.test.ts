import { describe, expect, it } from 'vitest';
import { checkCertificate, Rest, validTo } from './certificate.js';

// Made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=iskra`, twice.
const ONE = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBeDCCAR2gAwIBAgIUDVwM5xh2phgl5WWyHzPZALWkYx8wCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFaXNrcmEwIBcNMjYxMTI5MTA1MzE2WhgPMjEyNjExMDUxMDUz
MTZaMBAxDjAMBgNVBAMMBWlza3JhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
O/a1Np6AQXu7uJhvVNrX2kPKCCCqNcuJ7BGD55JHBeG7jtcWnwg97wTHSx9ZN5WE
6oGdC+NYier5V3zbUqBHTqNTMFEwHQYDVR0OBBYEFGAlN0qXzLk/KWy1Gs88iHpI
YV35MB8GA1UdIwQYMBaAFGAlN0qXzLk/KWy1Gs88iHpIYV35MA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAK6wjlgyL+y5toCI3k7Iql2oXiNNU3Ed
ueKZChD05Dd3AiEAjvVx3loX240HUy3dhmKwCOQlXUZ8xpQmsI4s6KvIFdM=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTinVmlopkMDqVXrk
GA10dLwo4xywKsCBON8LUM7fOuChRANCAAQ79rU2noBBe7u4mG9U2tfaQ8oIIKo1
y4nsEYPnkkcF4buO1xafCD3vBMdLH1k3lYTqgZ0L41iJ6vlXfNtSoEdO
-----END PRIVATE KEY-----
`,
};
const TWO = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBdjCCAR2gAwIBAgIUXZ3Cr/l78bigUxiKsh6IubADixowCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFaXNrcmEwIBcNMjYxMTI5MTA1MzE2WhgPMjEyNjExMDUxMDUz
MTZaMBAxDjAMBgNVBAMMBWlza3JhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
e1cQROUG2Dyd7LZIt0MYNgEAtuHvP+vaSNLT9alTW5CYQtI1gQSO8h8i0ydThlJ0
aR+LM802i/mO5KUWQMQ9cKNTMFEwHQYDVR0OBBYEFL0Inat+6d7YYI3aZC9CxHvL
c62ZMB8GA1UdIwQYMBaAFL0Inat+6d7YYI3aZC9CxHvLc62ZMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgKJYGzf0IFkNdXNGrw4Kj+xQKYuN38MDy
lDslr6llU5ICIGEvTFCxUK3yX7edZjIhlCb73Pf6kYiffGFqYv4h/0+S
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2jbAzn2XhniuIT+z
w1IqEhQyVJcokjnxaXJQPP6VY72hRANCAAR7VxBE5QbYPJ3stki3Qxg2AQC24e8/
69pI0tP1qVNbkJhC0jWBBI7yHyLTJ1OGUnRpH4szzTaL+Y7kpRZAxD1w
-----END PRIVATE KEY-----
`,
};
/** The first key, with a passphrase. */
const LOCKED = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjYRxthaZrYcQICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEE/AKP7oOvxnLqOr1uRV8dIEgZAv
cqcS8DstWdY1fPvQZo7MRVigGU/Vs/hxIGII9c+bseeEHCkD4DX1Elrzbb/yZNCR
9RnGSen06FdAszLAyAHZCfJjSrOCnE+Tu4z44gjI/u1kUyePhXWEwb2P8ugQ/HEs
xkTechycpsSlgPXLopM64IMLbAzkItuxUmr4hq3xqPUi9ZvCq3+66EMKf2w/pew=
-----END ENCRYPTED PRIVATE KEY-----
`;

describe('a certificate', () => {
  it('goes with its own key, and with those that vouch for it behind', () => {
    expect(checkCertificate(ONE.cert, ONE.key)).toBeUndefined();
    expect(checkCertificate(ONE.cert + TWO.cert, ONE.key)).toBeUndefined();
    expect(validTo(ONE.cert).getUTCFullYear()).toBeGreaterThan(2_100);
  });

  it.each([
    ['is not the key of the first certificate', ONE.cert, TWO.key, 'key'],
    ['is not the key of the first certificate', TWO.cert + ONE.cert, ONE.key, 'key'],
    ['holds no certificate', ONE.key, ONE.key, 'cert'],
    ['holds no certificate', '', ONE.key, 'cert'],
    ['holds no private key', ONE.cert, ONE.cert, 'key'],
    ['holds no private key', ONE.cert, ONE.key.slice(0, 60), 'key'],
    ['has a passphrase', ONE.cert, LOCKED, 'key'],
  ])('%s: which file is to blame, and what to do', (what, cert, key, of) => {
    const wrong = checkCertificate(cert, key);
    expect(wrong).toMatchObject({ of, what: expect.stringContaining(what) as string });
    expect(wrong?.cure).toBeTruthy();
    // A key is not repeated.
    expect(JSON.stringify(wrong)).not.toContain(ONE.key.slice(40, 60));
  });
});

describe('files that change', () => {
  const looks = (...marks: string[]): boolean[] => {
    const rest = new Rest();
    return marks.map((mark) => rest.look(mark));
  };

  it('are taken when two looks in a row see the same', () => {
    expect(looks('a', 'a', 'b', 'b', 'b')).toEqual([false, false, false, true, false]);
  });

  it('are left alone while one after the other is written', () => {
    expect(looks('a', 'b', 'c', 'd', 'd')).toEqual([false, false, false, false, true]);
  });

  it('are not taken again when they are what they were', () => {
    expect(looks('a', 'b', 'a', 'a', 'a')).toEqual([false, false, false, false, false]);
  });
});
