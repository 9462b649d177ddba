// Relying parties on openid-client, registered as each journey needs them.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import * as openid from 'openid-client'
import { jwksFile, keyFor } from './keys.mjs'
import { added, browse } from './test.mjs'

/** Nobody listens there; FAPI clients must have an https address. */
export const CALLBACK = 'https://mot-cua.tinh.example/callback'
const PLAIN = { execute: [openid.allowInsecureRequests] }

const discovered = await openid.discovery(new URL(process.env.ISSUER), 'nobody', {}, openid.None(), PLAIN)
/** The provider's metadata. */
export const provider = discovered.serverMetadata()

/** How a client proves itself by each method, given its secret and algorithm. */
const PROOFS = {
  none: () => openid.None(),
  client_secret_basic: (secret) => openid.ClientSecretBasic(secret),
  client_secret_post: (secret) => openid.ClientSecretPost(secret),
  client_secret_jwt: (secret) => openid.ClientSecretJwt(secret),
  private_key_jwt: (_, algorithm) => openid.PrivateKeyJwt(keyFor(algorithm)),
  tls_client_auth: () => openid.TlsClientAuth(),
  self_signed_tls_client_auth: () => openid.TlsClientAuth(),
}

/** The methods and features that need a client's keys; without one they cannot be registered. */
const BY_KEYS = new RegExp(
  ['^private_key_jwt$', '^self_signed_', '^request_object_signing_alg$', '^require_signed_', '_encrypted_response_alg$'].join('|'),
)

function options(kind, method, algorithm, features, further) {
  const list = ['--name', 'Một cửa điện tử', '--kind', kind, ...further]
  if ([method, ...Object.keys(features)].some((name) => BY_KEYS.test(name))) list.push('--jwks', jwksFile)
  if (kind !== 'device') list.push('--auth-method', method)
  if (kind !== 'service' && kind !== 'device') list.push('--redirect-uri', CALLBACK)
  if (kind !== 'service') list.push('--id-token-alg', algorithm)
  for (const [name, value] of Object.entries(features)) {
    for (const one of [value].flat()) list.push('--set', `${name}=${one}`)
  }
  return list
}

/**
 * Registers a client and makes a relying party of it. `features` are those of the registry, which
 * the library is told as well; `further` are other options of `idp client add`.
 */
export async function party({
  kind = 'web',
  method = 'client_secret_basic',
  algorithm = 'ES256',
  features = {},
  further = [],
  certificate,
} = {}) {
  const { client_id, client_secret } = await added(options(kind, method, algorithm, features, further))
  const metadata = {
    ...features,
    id_token_signed_response_alg: algorithm,
    use_mtls_endpoint_aliases: certificate !== undefined,
  }
  const config = new openid.Configuration(provider, client_id, metadata, PROOFS[method](client_secret, algorithm))
  if (certificate) config[openid.customFetch] = certificate.fetch
  openid.allowInsecureRequests(config)
  openid.enableNonRepudiationChecks(config)
  return config
}

/** Sends an authorization request; the checks of its answer, and where the browser arrived. */
export async function request(config, { parameters = {}, pushed = false, algorithm, DPoP } = {}) {
  const checks = {
    pkceCodeVerifier: openid.randomPKCECodeVerifier(),
    expectedState: openid.randomState(),
    expectedNonce: openid.randomNonce(),
    idTokenExpected: true,
  }
  const plain = new URLSearchParams({
    redirect_uri: CALLBACK,
    scope: 'openid profile',
    code_challenge: await openid.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  })
  let address = openid.buildAuthorizationUrl(config, plain)
  if (algorithm) address = await openid.buildAuthorizationUrlWithJAR(config, plain, keyFor(algorithm))
  if (pushed) address = await openid.buildAuthorizationUrlWithPAR(config, address.searchParams, { DPoP })
  return { checks, address, callback: await browse(address) }
}

/** The whole way to tokens. */
export async function signIn(config, how = {}) {
  const { checks, address, callback } = await request(config, how)
  const tokens = await openid.authorizationCodeGrant(config, callback, checks, undefined, { DPoP: how.DPoP })
  return { tokens, claims: tokens.claims(), address, callback, checks }
}

/** The client's certificate: `fetch` on connections that show it, and its `x5t#S256`. */
export function certificate() {
  const file = (name) => readFileSync(join(process.env.FOLDER, name))
  const [cert, key, ca] = ['client.pem', 'client-key.pem', 'client-cas.pem'].map(file)
  const agent = new https.Agent({ cert, key, ca })
  return {
    thumbprint: Buffer.from(new X509Certificate(cert).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
    fetch: (url, how) => (url.startsWith('https:') ? over(agent, url, how) : fetch(url, how)),
  }
}

/** One request; the built-in fetch cannot show certificates. */
function over(agent, url, { method, headers, body }) {
  return new Promise((resolve, reject) => {
    const sent = https.request(url, { agent, method, headers }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('end', () => {
        const told = new Headers(answer.headers)
        resolve(new Response(Buffer.concat(parts), { status: answer.statusCode, headers: told }))
      })
    })
    sent.on('error', reject)
    sent.end(body instanceof URLSearchParams ? body.toString() : (body ?? undefined))
  })
}
