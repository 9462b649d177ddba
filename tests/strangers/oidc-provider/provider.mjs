// A provider that nobody of this project wrote, with everything strict switched on: requests must be
// pushed, proofs must carry its nonces, answers are signed, ID tokens encrypted. It signs one invented
// person in without asking.
import Provider from 'oidc-provider';

const { ISSUER, PORT, REDIRECT_URI, SIGNED_OUT_URI, CLIENT_KEYS, CLIENT_SECRET } = process.env;
const person = 'nguoi-thu-1';

const common = {
  redirect_uris: [REDIRECT_URI],
  post_logout_redirect_uris: [SIGNED_OUT_URI],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  id_token_signed_response_alg: 'ES256',
  authorization_signed_response_alg: 'ES256',
  introspection_signed_response_alg: 'ES256',
};

const clients = [
  {
    ...common,
    client_id: 'plain',
    client_secret: CLIENT_SECRET,
    token_endpoint_auth_method: 'client_secret_basic',
  },
  {
    ...common,
    client_id: 'by-secret-jwt',
    client_secret: CLIENT_SECRET,
    token_endpoint_auth_method: 'client_secret_jwt',
    token_endpoint_auth_signing_alg: 'HS256',
  },
  {
    ...common,
    client_id: 'strict',
    jwks: JSON.parse(CLIENT_KEYS),
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    require_pushed_authorization_requests: true,
    dpop_bound_access_tokens: true,
    userinfo_signed_response_alg: 'ES256',
    id_token_encrypted_response_alg: 'ECDH-ES',
    id_token_encrypted_response_enc: 'A256GCM',
  },
];

const signing = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const key = await crypto.subtle.exportKey('jwk', signing.privateKey);

const provider = new Provider(ISSUER, {
  clients,
  jwks: { keys: [{ kty: key.kty, crv: key.crv, x: key.x, y: key.y, d: key.d, kid: 'n1', alg: 'ES256', use: 'sig' }] },
  cookies: { keys: [CLIENT_SECRET] },
  clientAuthMethods: ['client_secret_basic', 'client_secret_jwt', 'private_key_jwt', 'none'],
  enabledJWA: {
    idTokenSigningAlgValues: ['ES256'],
    authorizationSigningAlgValues: ['ES256'],
    userinfoSigningAlgValues: ['ES256'],
    introspectionSigningAlgValues: ['ES256'],
    clientAuthSigningAlgValues: ['HS256', 'ES256'],
    idTokenEncryptionAlgValues: ['ECDH-ES', 'RSA-OAEP-256'],
    idTokenEncryptionEncValues: ['A128GCM', 'A256GCM'],
    dPoPSigningAlgValues: ['ES256'],
  },
  claims: { openid: ['sub'], profile: ['name'], acr: null, auth_time: null, sid: null },
  features: {
    devInteractions: { enabled: false },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
    encryption: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    jwtIntrospection: { enabled: true },
    jwtResponseModes: { enabled: true },
    jwtUserinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  pkce: { required: () => true },
  issueRefreshToken: () => true,
  rotateRefreshToken: () => true,
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: 'Nguyễn Văn Thử' }) }),
  async loadExistingGrant(context) {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
});

provider.use(async (context, next) => {
  if (!context.path.startsWith('/interaction/')) return next();
  const signedIn = { login: { accountId: person, remember: false, amr: ['pwd'] } };
  context.respond = false;
  return provider.interactionFinished(context.req, context.res, signedIn);
});

provider.on('server_error', (_, error) => console.error(error));
provider.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on ${PORT}`));
