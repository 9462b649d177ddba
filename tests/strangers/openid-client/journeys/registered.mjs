// Clients that register themselves (RFC 7591, OpenID Connect Dynamic Client Registration 1.0).
import { readFileSync } from 'node:fs'
import * as openid from 'openid-client'
import { jwksFile, keyFor } from './keys.mjs'
import { CALLBACK, signIn } from './party.mjs'

export function* journeys() {
  for (const method of ['client_secret_basic', 'private_key_jwt']) {
    yield [`registered by itself, ${method}`, () => registered(method)]
  }
}

/** Registers, signs somebody in who is asked, looks at its registration and gives it up. */
async function registered(method) {
  const metadata = {
    client_name: 'Cổng việc làm',
    redirect_uris: [CALLBACK],
    token_endpoint_auth_method: method,
    grant_types: ['authorization_code', 'refresh_token'],
    id_token_signed_response_alg: 'ES256',
    ...(method === 'private_key_jwt' && { jwks: JSON.parse(readFileSync(jwksFile)) }),
  }
  // The library's own default is client_secret_post.
  const proof = method === 'private_key_jwt' ? openid.PrivateKeyJwt(keyFor('ES256')) : openid.ClientSecretBasic()
  const how = { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] }
  const config = await openid.dynamicClientRegistration(new URL(process.env.ISSUER), metadata, proof, how)
  const { tokens, claims } = await signIn(config, { pushed: true })
  const userinfo = await openid.fetchUserInfo(config, tokens.access_token, claims.sub)

  const { registration_client_uri: address, registration_access_token: token, client_name } = config.clientMetadata()
  const manage = (method) => fetch(address, { method, headers: { authorization: `Bearer ${token}` } })
  const shown = await (await manage('GET')).json()
  const removed = await manage('DELETE')
  const again = await openid.refreshTokenGrant(config, tokens.refresh_token).then(
    () => 'refreshed',
    ({ status }) => status,
  )
  return { name: userinfo.name, shown: shown.client_name === client_name, removed: removed.status, again }
}
