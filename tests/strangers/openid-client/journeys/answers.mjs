// Ways of proving oneself, of asking and of being answered, outside of the FAPI profiles.
import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { party, provider, request, signIn } from './party.mjs'

const API = 'https://api.tinh.example/ho-so'

const PROOFS = [
  ['client_secret_basic'],
  ['client_secret_post'],
  ['client_secret_jwt'],
  ...['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'].map((algorithm) => ['private_key_jwt', algorithm]),
]

export function* journeys() {
  for (const [method, algorithm] of PROOFS) {
    yield [[method, algorithm].join(' ').trim(), () => proved(method, algorithm)]
  }
  yield ['pushed', pushed]
  yield ['pushed, its code bound to a key', boundCode]
  yield ['request object by value', byValue]
  yield ['form_post', () => answered('form_post')]
  yield ['fragment', () => answered('fragment')]
  yield ['code id_token', hybrid]
  yield ['id_token', implicit]
  yield ['refreshed, introspected, revoked', revoked]
  yield ['bound token at an API', atApi]
}

/** A service without a person. */
async function proved(method, algorithm) {
  const features = algorithm ? { token_endpoint_auth_signing_alg: algorithm } : {}
  // Nobody signs in: the algorithm is that of the assertions alone.
  const config = await party({ kind: 'service', method, algorithm, features })
  const tokens = await openid.clientCredentialsGrant(config)
  const { sub } = decodeJwt(tokens.access_token)
  return { own: sub === config.clientMetadata().client_id }
}

async function pushed() {
  const config = await party({ features: { require_pushed_authorization_requests: true } })
  const { tokens, claims, address } = await signIn(config, { pushed: true })
  const userinfo = await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
  return { through_the_browser: [...address.searchParams.keys()].sort(), name: userinfo.name }
}

/** What makes the proofs of one key, and of another. */
function handles(config) {
  const one = async () => openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))
  return Promise.all([one(), one()])
}

/** A page's own client: a proof with the push binds the code, and another key does not redeem it. */
async function boundCode() {
  const config = await party({ kind: 'spa', method: 'none', features: { dpop_bound_access_tokens: true } })
  const [DPoP, other] = await handles(config)
  const { tokens } = await signIn(config, { pushed: true, DPoP })
  const { checks, callback } = await request(config, { pushed: true, DPoP })
  const stolen = openid.authorizationCodeGrant(config, callback, checks, undefined, { DPoP: other })
  const refused = await stolen.then(() => 'redeemed', ({ error_description: reason }) => reason)
  return { token_type: tokens.token_type, refused }
}

async function byValue() {
  const config = await party({ features: { require_signed_request_object: true } })
  const { tokens, address } = await signIn(config, { algorithm: 'ES256' })
  return { through_the_browser: [...address.searchParams.keys()].sort(), scope: tokens.scope }
}

async function answered(mode) {
  const config = await party()
  const { checks, callback } = await request(config, { parameters: { response_mode: mode } })
  if (callback instanceof Request) {
    const tokens = await openid.authorizationCodeGrant(config, callback, checks)
    return { posted: true, scope: tokens.scope }
  }
  // The library reads a code from the query alone.
  const read = new URL(`?${callback.hash.slice(1)}`, callback)
  const tokens = await openid.authorizationCodeGrant(config, read, checks)
  return { query: callback.search, scope: tokens.scope }
}

async function hybrid() {
  const config = await party({ features: { response_types: 'code id_token' } })
  openid.useCodeIdTokenResponseType(config)
  const { claims, callback } = await signIn(config)
  const told = new URLSearchParams(callback.hash.slice(1))
  return { same: decodeJwt(told.get('id_token')).sub === claims.sub, told: [...told.keys()].sort() }
}

async function implicit() {
  const further = ['--grant-type', 'implicit']
  const config = await party({ features: { response_types: 'id_token' }, further })
  openid.useIdTokenResponseType(config)
  const { checks, callback } = await request(config)
  const { expectedNonce, expectedState } = checks
  const claims = await openid.implicitAuthentication(config, callback, expectedNonce, { expectedState })
  return { name: claims.name }
}

async function revoked() {
  const config = await party()
  const { tokens } = await signIn(config)
  const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token)
  const active = async () => (await openid.tokenIntrospection(config, refreshed.access_token)).active
  const before = await active()
  await openid.tokenRevocation(config, refreshed.access_token)
  return { rotated: refreshed.refresh_token !== tokens.refresh_token, before, after: await active() }
}

/** Calls an API on oauth4webapi, which checks token and proof by itself; then without the key. */
async function atApi() {
  const config = await party({ features: { resources: API, dpop_bound_access_tokens: true } })
  const [DPoP, other] = await handles(config)
  const { tokens, claims } = await signIn(config, { parameters: { resource: API }, DPoP })
  config[openid.customFetch] = (url, how) => admitted(new Request(url, how))
  const call = async (key) => {
    const answer = await openid.fetchProtectedResource(config, tokens.access_token, new URL(API), 'GET', null, undefined, {
      DPoP: key,
    })
    return answer.json()
  }
  const { sub, aud } = await call(DPoP)
  return { same: sub === claims.sub, aud, with_another_key: (await call(other)).code }
}

async function admitted(asked) {
  const rules = { requireDPoP: true, [oauth.allowInsecureRequests]: true }
  try {
    return Response.json(await oauth.validateJwtAccessToken(provider, asked, API, rules))
  } catch (error) {
    return Response.json({ code: error.code })
  }
}
