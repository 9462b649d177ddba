// Devices, tokens for the next service, exact rights, tokens that say nothing.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SignJWT, calculateJwkThumbprint, decodeJwt, exportJWK } from 'jose'
import * as openid from 'openid-client'
import { jwksFile, keyFor } from './keys.mjs'
import { party, provider, signIn } from './party.mjs'
import { browse } from './test.mjs'

const DESK = 'https://mot-cua.tinh.example/'
const FILES = 'https://api.tinh.example/ho-so'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const PLATFORM = 'https://lgsp.tinh.example'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

export function* journeys() {
  yield ['device', device]
  yield ['token exchange', exchange]
  yield ['jwt-bearer', vouched]
  yield ['authorization details', () => details({})]
  yield ['authorization details, signed and pushed', () => details({ pushed: true, algorithm: 'ES256' })]
  yield ['opaque token, signed introspection', opaque]
}

/** A screen in a hall, whose tokens are bound to its key. */
async function device() {
  const config = await party({ kind: 'device', method: 'none' })
  const key = await openid.randomDPoPKeyPair('ES256')
  const DPoP = openid.getDPoPHandle(config, key)
  const codes = await openid.initiateDeviceAuthorization(config, { scope: 'openid profile' })
  const polled = openid.pollDeviceAuthorizationGrant(config, codes, undefined, { DPoP })
  await browse(codes.verification_uri_complete)
  const tokens = await polled
  const userinfo = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP })
  const { jkt } = decodeJwt(tokens.access_token).cnf
  return { bound: jkt === (await calculateJwkThumbprint(await exportJWK(key.publicKey))), name: userinfo.name }
}

/** An API calls the next one in the person's name. */
async function exchange() {
  const application = await party({ features: { resources: DESK } })
  const { tokens, claims } = await signIn(application, { parameters: { resource: DESK } })
  const subject_clients = [application.clientMetadata().client_id]
  const further = ['--introspects', '--grant-type', EXCHANGE, '--grant-type', 'authorization_code']
  for (const scope of ['openid', 'profile']) further.push('--scope', scope)
  const features = { audiences: DESK, token_exchange: JSON.stringify({ subject_clients, audiences: [FILES] }) }
  const desk = await party({ features, further })
  const asked = { subject_token: tokens.access_token, subject_token_type: ACCESS_TOKEN, resource: FILES }
  const answer = await openid.genericGrantRequest(desk, EXCHANGE, asked)
  const { sub, aud, act } = decodeJwt(answer.access_token)
  const acts = act.sub === desk.clientMetadata().client_id
  return { issued_token_type: answer.issued_token_type, same: sub === claims.sub, aud, acts }
}

/** A platform vouches for a person who let the client in; its word counts once. */
async function vouched() {
  const jwks = JSON.parse(readFileSync(jwksFile))
  const further = ['--grant-type', 'authorization_code', '--grant-type', JWT_BEARER]
  const features = { assertion_issuers: JSON.stringify([{ issuer: PLATFORM, jwks }]) }
  const config = await party({ features, further })
  const { claims } = await signIn(config)
  const assertion = await new SignJWT({ iss: PLATFORM, sub: claims.sub, aud: provider.issuer, jti: randomUUID() })
    .setProtectedHeader({ alg: 'PS256', kid: 'PS256' })
    .setExpirationTime('1 minute')
    .sign(keyFor('PS256').key)
  const { access_token } = await openid.genericGrantRequest(config, JWT_BEARER, { assertion })
  const again = openid.genericGrantRequest(config, JWT_BEARER, { assertion })
  const refused = await again.then(() => 'taken again', ({ error_description: reason }) => reason)
  return { same: decodeJwt(access_token).sub === claims.sub, refused }
}

async function details(how) {
  const wanted = [{ type: 'ky-van-ban', actions: ['ký'], identifier: 'H42-0001' }]
  const features = { authorization_details_types: 'ky-van-ban' }
  if (how.algorithm) features.request_object_signing_alg = how.algorithm
  const config = await party({ features, further: ['--consent', 'ask'] })
  const parameters = { authorization_details: JSON.stringify(wanted) }
  const { tokens } = await signIn(config, { ...how, parameters })
  const told = [tokens.authorization_details, decodeJwt(tokens.access_token).authorization_details]
  return { told, wanted }
}

async function opaque() {
  const features = { access_token_format: 'opaque', introspection_signed_response_alg: 'ES256' }
  const config = await party({ features })
  const { tokens, claims } = await signIn(config)
  const told = await openid.tokenIntrospection(config, tokens.access_token)
  const userinfo = await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
  await openid.tokenRevocation(config, tokens.access_token)
  const after = await openid.tokenIntrospection(config, tokens.access_token)
  return {
    parts: tokens.access_token.split('.').length,
    active: [told.active, after.active],
    same: told.sub === claims.sub && userinfo.sub === claims.sub,
  }
}
