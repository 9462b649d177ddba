// The key pairs of all clients, new in each run, and their public halves for the registration.
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'

async function pair(kid, algorithm, members) {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  return { kid, key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, ...members } }
}

const made = await Promise.all([
  ...['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'].map((alg) => pair(alg, alg, { use: 'sig' })),
  ...['ECDH-ES', 'RSA-OAEP-256'].map((alg) => pair(alg, alg, { use: 'enc' })),
])

/** The private key for an algorithm, with its kid; those of ECDH-ES serve its key wrapping, too. */
export function keyFor(algorithm) {
  return made.find(({ kid }) => kid === algorithm.split('+')[0])
}

/** The file with the public halves, that of the client's certificate among them. */
export const jwksFile = join(process.env.FOLDER, 'jwks.json')

/** The key in the certificate that the test made, if it did. */
function certified() {
  const file = join(process.env.FOLDER, 'client.pem')
  if (!existsSync(file)) return []
  const { publicKey } = new X509Certificate(readFileSync(file))
  return [{ ...publicKey.export({ format: 'jwk' }), kid: 'certificate' }]
}

const keys = [...made.map(({ jwk }) => jwk), ...certified()]
await writeFile(jwksFile, JSON.stringify({ keys }))
