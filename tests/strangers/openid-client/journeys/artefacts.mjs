// Every kind of signed artefact verified, every kind of encrypted one decrypted by jose; and what
// jose encrypts taken by the provider.
import http from 'node:http'
import {
  CompactEncrypt,
  compactDecrypt,
  createRemoteJWKSet,
  decodeProtectedHeader,
  importJWK,
  jwtVerify,
} from 'jose'
import * as openid from 'openid-client'
import { keyFor } from './keys.mjs'
import { CALLBACK, party, provider, signIn } from './party.mjs'
import { browse } from './test.mjs'

const keys = createRemoteJWKSet(new URL(provider.jwks_uri))
const WRAPPING = ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW']
const CONTENT = ['A128GCM', 'A256GCM', 'A128CBC-HS256']

/** `signed ALG`, or `encrypted`. */
export function* journeys(what, algorithm) {
  if (what === 'signed') {
    yield [`signed ${algorithm}`, () => signed(algorithm)]
    return
  }
  for (const alg of WRAPPING) {
    for (const enc of CONTENT) yield [`encrypted to us ${alg} ${enc}`, () => encrypted(alg, enc)]
  }
  for (const alg of ['RSA-OAEP-256', 'ECDH-ES']) {
    for (const enc of CONTENT) yield [`request object encrypted ${alg} ${enc}`, () => encryptedRequest(alg, enc)]
  }
}

/** Each artefact's header, and who it is for, once its signature holds. */
async function verified(artefacts, algorithm, audience) {
  const found = {}
  for (const [name, [token, aud = audience]] of Object.entries(artefacts)) {
    const rules = { issuer: provider.issuer, audience: aud, algorithms: [algorithm] }
    const { protectedHeader } = await jwtVerify(token, keys, rules)
    found[name] = protectedHeader.typ ?? ''
  }
  return found
}

async function signed(algorithm) {
  const listener = await listen()
  const features = {
    token_endpoint_auth_signing_alg: algorithm,
    request_object_signing_alg: algorithm,
    require_signed_request_object: true,
    authorization_signed_response_alg: algorithm,
    userinfo_signed_response_alg: algorithm,
    introspection_signed_response_alg: algorithm,
  }
  const further = ['--backchannel-logout-uri', listener.address]
  const config = await party({ method: 'private_key_jwt', algorithm, features, further })
  openid.useJwtResponseMode(config)
  const told = recorded(config)
  const { tokens, claims, callback } = await signIn(config, { algorithm, pushed: true })
  await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
  await openid.tokenIntrospection(config, tokens.access_token)
  await browse(openid.buildEndSessionUrl(config, { id_token_hint: tokens.id_token }))
  const artefacts = {
    id_token: [tokens.id_token],
    access_token: [tokens.access_token, provider.issuer],
    userinfo: [told.get(provider.userinfo_endpoint)],
    introspection: [told.get(provider.introspection_endpoint)],
    response: [callback.searchParams.get('response')],
    logout_token: [await listener.told],
  }
  return verified(artefacts, algorithm, config.clientMetadata().client_id)
}

/** The answers as they came, by address: the library keeps what is inside. */
function recorded(config) {
  const told = new Map()
  config[openid.customFetch] = async (address, how) => {
    const answer = await fetch(address, how)
    told.set(address, await answer.clone().text())
    return answer
  }
  return told
}

/** Where the provider tells of a sign-out. */
async function listen() {
  const server = http.createServer()
  const told = new Promise((resolve) => {
    server.on('request', async (asked, answer) => {
      let body = ''
      for await (const part of asked) body += part
      answer.writeHead(200).end()
      resolve(new URLSearchParams(body).get('logout_token'))
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { address: `http://127.0.0.1:${server.address().port}/told`, told }
}

async function encrypted(alg, enc) {
  const features = {}
  for (const what of ['id_token', 'userinfo', 'authorization', 'introspection']) {
    if (what !== 'id_token') features[`${what}_signed_response_alg`] = 'ES256'
    features[`${what}_encrypted_response_alg`] = alg
    features[`${what}_encrypted_response_enc`] = enc
  }
  const config = await party({ features })
  const told = recorded(config)
  openid.useJwtResponseMode(config)
  const own = keyFor(alg)
  openid.enableDecryptingResponses(config, [enc], { ...own, alg })
  const { tokens, claims, callback } = await signIn(config)
  await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
  await openid.tokenIntrospection(config, tokens.access_token)
  const artefacts = {
    id_token: JSON.parse(told.get(provider.token_endpoint)).id_token,
    userinfo: told.get(provider.userinfo_endpoint),
    introspection: told.get(provider.introspection_endpoint),
    response: callback.searchParams.get('response'),
  }
  return opened(artefacts, { alg, enc, own }, config.clientMetadata().client_id)
}

/** The same outside of openid-client: each is what it should be, and signed inside. */
async function opened(artefacts, { alg, enc, own }, audience) {
  const found = {}
  for (const [name, token] of Object.entries(artefacts)) {
    const rules = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] }
    const { plaintext, protectedHeader } = await compactDecrypt(token, own.key, rules)
    const inside = new TextDecoder().decode(plaintext)
    await jwtVerify(inside, keys, { issuer: provider.issuer, audience, algorithms: ['ES256'] })
    found[name] = [protectedHeader.cty, protectedHeader.kid, decodeProtectedHeader(inside).alg]
  }
  return found
}

async function encryptedRequest(alg, enc) {
  const config = await party({ features: { require_signed_request_object: true } })
  const { keys: published } = await (await fetch(provider.jwks_uri)).json()
  const own = published.find((key) => key.use === 'enc' && key.alg === alg)
  const checks = { pkceCodeVerifier: openid.randomPKCECodeVerifier(), expectedState: openid.randomState() }
  const plain = {
    redirect_uri: CALLBACK,
    scope: 'openid',
    code_challenge: await openid.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
  }
  const address = await openid.buildAuthorizationUrlWithJAR(config, plain, keyFor('ES256'))
  const inside = new TextEncoder().encode(address.searchParams.get('request'))
  const header = { alg, enc, kid: own.kid, cty: 'oauth-authz-req+jwt' }
  const object = await new CompactEncrypt(inside).setProtectedHeader(header).encrypt(await importJWK(own, alg))
  address.searchParams.set('request', object)
  const tokens = await openid.authorizationCodeGrant(config, await browse(address), checks)
  return { scope: tokens.scope }
}
