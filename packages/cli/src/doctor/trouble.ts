/** What is wrong with TLS, in the words of whoever looks after the server. */
import type { PeerCertificate } from 'node:tls';

/** @param given an error of the handshake, or the reason for which a certificate is not trusted. */
export function tlsTrouble(given: Error | string | undefined, certificate?: PeerCertificate): string {
  const code = typeof given === 'string' ? given : String((given as NodeJS.ErrnoException | undefined)?.code);
  const issuer = [certificate?.issuer?.O ?? certificate?.issuer?.CN ?? 'an unknown authority']
    .flat()
    .join(', ');
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `the certificate ended on ${certificate?.valid_to ?? 'a day that is past'}`;
    case 'CERT_NOT_YET_VALID':
      return `the certificate begins on ${certificate?.valid_from ?? 'a day to come'}; is the clock right?`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate is for other names (${certificate?.subjectaltname ?? 'none'})`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'the certificate is signed by itself';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `the certificate is signed by ${issuer}, which is not trusted here: a private authority, or a box that inspects traffic`;
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_GET_ISSUER_CERT':
      return `the chain of the certificate (by ${issuer}) is not complete, or its authority is not trusted here`;
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'what answers on this port does not speak TLS; is it http:// there?';
    case 'ECONNRESET':
      return 'cut in the middle of the handshake';
    default:
      return typeof given === 'string' ? given : (given?.message ?? 'no reason was given');
  }
}
