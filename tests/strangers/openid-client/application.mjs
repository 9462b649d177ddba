// A relying party on openid-client: sign-in by code with PKCE, validated claims, sign-out.
import { randomBytes } from 'node:crypto'
import http from 'node:http'
import * as openid from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, PORT } = process.env
const cookieName = `openid-client-${PORT}`
const sessions = new Map()

const provider = await openid.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  CLIENT_SECRET,
  openid.ClientSecretBasic(CLIENT_SECRET),
  { execute: [openid.allowInsecureRequests] },
)

function sessionOf(request) {
  const found = new RegExp(`${cookieName}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1]
  const key = sessions.has(found) ? found : randomBytes(32).toString('base64url')
  if (!sessions.has(key)) sessions.set(key, {})
  return [key, sessions.get(key)]
}

async function signIn(session) {
  session.verifier = openid.randomPKCECodeVerifier()
  session.state = openid.randomState()
  session.nonce = openid.randomNonce()
  return openid.buildAuthorizationUrl(provider, {
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile',
    code_challenge: await openid.calculatePKCECodeChallenge(session.verifier),
    code_challenge_method: 'S256',
    state: session.state,
    nonce: session.nonce,
  })
}

async function callback(session, address) {
  const tokens = await openid.authorizationCodeGrant(provider, address, {
    pkceCodeVerifier: session.verifier,
    expectedState: session.state,
    expectedNonce: session.nonce,
    idTokenExpected: true,
  })
  session.claims = tokens.claims()
  session.idToken = tokens.id_token
  await openid.fetchUserInfo(provider, tokens.access_token, session.claims.sub)
}

async function answer(request, response) {
  const address = new URL(request.url, REDIRECT_URI)
  const [key, session] = sessionOf(request)
  const redirect = (to) => {
    const cookie = `${cookieName}=${key}; Path=/; HttpOnly; SameSite=Lax`
    response.writeHead(302, { location: to.toString(), 'set-cookie': cookie }).end()
  }
  if (address.pathname === new URL(REDIRECT_URI).pathname) {
    await callback(session, address)
    redirect('/stranger/')
  } else if (address.pathname === '/stranger/sign-out') {
    sessions.delete(key)
    redirect(openid.buildEndSessionUrl(provider, { id_token_hint: session.idToken ?? '' }))
  } else if (session.claims) {
    response.writeHead(200, { 'claim-sub': session.claims.sub }).end()
  } else {
    redirect(await signIn(session))
  }
}

http
  .createServer((request, response) => {
    answer(request, response).catch((error) => {
      console.error(error)
      response.writeHead(500).end(String(error))
    })
  })
  .listen(Number(PORT), '127.0.0.1')
