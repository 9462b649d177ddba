// FAPI 2.0 Security Profile and Message Signing, in each combination of how the client proves itself
// and what its tokens are bound to.
import { calculateJwkThumbprint, decodeJwt, exportJWK } from 'jose'
import * as openid from 'openid-client'
import { certificate, party, signIn } from './party.mjs'

const SUBJECT = 'CN=mot-cua.tinh.example,O=Sở Nội vụ,C=VN'

/** All combinations, or those with these words in their names. */
export function* journeys(...chosen) {
  for (const profile of ['fapi2_security', 'fapi2_message_signing']) {
    for (const method of ['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth']) {
      for (const binding of ['dpop', 'certificate']) {
        for (const algorithm of ['ES256', 'PS256', 'EdDSA']) {
          const words = [profile, method, binding, algorithm]
          if (chosen.every((word) => words.includes(word))) yield [words.join(' '), () => walk(...words)]
        }
      }
    }
  }
}

function features(profile, method, binding, algorithm) {
  return {
    profile,
    require_pushed_authorization_requests: true,
    ...(method === 'tls_client_auth' && { tls_client_auth_subject_dn: SUBJECT }),
    ...(method === 'private_key_jwt' && { token_endpoint_auth_signing_alg: algorithm }),
    ...(binding === 'dpop'
      ? { dpop_bound_access_tokens: true }
      : { tls_client_certificate_bound_access_tokens: true }),
    ...(profile === 'fapi2_message_signing' && {
      require_signed_request_object: true,
      request_object_signing_alg: algorithm,
      authorization_signed_response_alg: algorithm,
      userinfo_signed_response_alg: algorithm,
      introspection_signed_response_alg: algorithm,
    }),
  }
}

async function walk(profile, method, binding, algorithm) {
  const signs = profile === 'fapi2_message_signing'
  const shown = method !== 'private_key_jwt' || binding === 'certificate' ? certificate() : undefined
  const registered = features(profile, method, binding, algorithm)
  const config = await party({ method, algorithm, features: registered, certificate: shown })
  const key = await openid.randomDPoPKeyPair(algorithm === 'EdDSA' ? 'Ed25519' : algorithm)
  const DPoP = binding === 'dpop' ? openid.getDPoPHandle(config, key) : undefined
  if (signs) openid.useJwtResponseMode(config)

  const how = { pushed: true, algorithm: signs ? algorithm : undefined, DPoP }
  const { tokens, claims, address, callback } = await signIn(config, how)
  const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
  const userinfo = await openid.fetchUserInfo(config, refreshed.access_token, claims.sub, { DPoP })
  const introspected = await openid.tokenIntrospection(config, refreshed.access_token)
  const expected =
    binding === 'dpop'
      ? { jkt: await calculateJwkThumbprint(await exportJWK(key.publicKey)) }
      : { 'x5t#S256': shown.thumbprint }
  return {
    token_type: tokens.token_type,
    bound: [tokens, refreshed].map(({ access_token }) => decodeJwt(access_token).cnf),
    introspected: introspected.active && introspected.cnf,
    expected,
    through_the_browser: [...address.searchParams.keys()].sort(),
    answered_by: [...callback.searchParams.keys()].sort(),
    name: userinfo.name,
  }
}
