// SPDX-License-Identifier: Apache-2.0

const untrusted =
  "nobody that is trusted has signed its certificate; set tls.ca_file to the authority that did";
const unknownToIt =
  "the receiver asks who we are; set tls.cert_file and tls.key_file to what its authority has signed";

/** What to do, by error codes of Node (tls, X509 certificate error codes) and OpenSSL's alerts (RFC 8446, 6.2). */
const advice: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_HAS_EXPIRED: "renew the receiver's certificate, and see whether the clocks agree",
  CERT_NOT_YET_VALID: "see whether the clocks agree",
  ERR_TLS_CERT_ALTNAME_INVALID: "the address has to be one that its certificate names",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: unknownToIt,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: unknownToIt,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: unknownToIt,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: unknownToIt,
  ERR_SSL_WRONG_VERSION_NUMBER: "the receiver speaks no TLS there; is it http?",
};

/** Why a request came to nothing, in one line: what happened, and what to do where that is clear. */
export function explainPostFailure(error: NodeJS.ErrnoException): string {
  // OpenSSL's message is a line of its source code; `reason` is what it means.
  const reason: unknown = Reflect.get(error, "reason");
  const isOpenSsl = error.code?.startsWith("ERR_SSL_") === true;
  const what = isOpenSsl && typeof reason === "string" ? reason : error.message;
  const how = advice[error.code ?? ""];
  return how === undefined ? what : `${what}: ${how}`;
}
