"""A service on Authlib that authenticates by signed assertions (OpenID Connect Core §9, RFC 7523).

service.py keys ALG    makes a key pair in FOLDER and writes its public half as a JWK Set
service.py ask ALG     asks for tokens, then tries what an eavesdropper would; prints one JSON object
service.py share ALG   the same by CLIENT_SECRET (client_secret_jwt), and what becomes of the token
service.py wait ALG    a device: prints its codes, waits for a line, then asks for its tokens
"""

import json
import os
import sys
from pathlib import Path
from urllib.parse import parse_qs

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750.errors import InvalidTokenError
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

command, algorithm = sys.argv[1:]
folder = Path(os.environ["FOLDER"])
kind, size = {"ES": (ECKey, "P-256"), "Ed": (OKPKey, "Ed25519")}.get(algorithm[:2], (RSAKey, 2048))


def make_keys():
    key = kind.generate_key(size, auto_kid=True)
    (folder / "private.json").write_text(json.dumps(key.as_dict(private=True)))
    (folder / "public.json").write_text(json.dumps(KeySet([key]).as_dict(private=False)))


def post(**parameters):
    answer = requests.post(os.environ["TOKEN_ENDPOINT"], data=parameters, timeout=10)
    return [answer.status_code, answer.json().get("error_description", "")]


def ask():
    key = kind.import_key(json.loads((folder / "private.json").read_text()))
    sent = []

    class Recorded(PrivateKeyJWT):
        def __call__(self, auth, method, uri, headers, body):
            uri, headers, body = super().__call__(auth, method, uri, headers, body)
            sent.append(parse_qs(body)["client_assertion"][0])
            return uri, headers, body

    client = OAuth2Session(os.environ["CLIENT_ID"], key, token_endpoint_auth_method="private_key_jwt")
    client.register_client_auth_method(Recorded(os.environ["TOKEN_ENDPOINT"], alg=algorithm))
    tokens = [
        client.fetch_token(os.environ["TOKEN_ENDPOINT"], grant_type="client_credentials")["access_token"]
        for _ in range(2)
    ]
    assertion = dict(
        grant_type="client_credentials",
        client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    )
    head, payload, signature = sent[0].split(".")
    foreign = kind.generate_key(size)
    stranger = OAuth2Session(os.environ["CLIENT_ID"], foreign, token_endpoint_auth_method="private_key_jwt")
    stranger.register_client_auth_method(Recorded(os.environ["TOKEN_ENDPOINT"], alg=algorithm))
    try:
        stranger.fetch_token(os.environ["TOKEN_ENDPOINT"], grant_type="client_credentials")
    except Exception:  # refused, as the last line of the answer tells
        pass
    return {
        "tokens": tokens,
        "assertions": len(set(sent)),
        "replayed": post(client_assertion=sent[0], **assertion),
        "signed_otherwise": post(client_assertion=f"{head}.{payload}.{sent[1].split('.')[2]}", **assertion),
        "foreign_key": post(client_assertion=sent[2], **assertion),
        "no_assertion": post(grant_type="client_credentials", client_id=os.environ["CLIENT_ID"]),
    }


class Api(JWTBearerTokenValidator):
    """A resource server that checks tokens by itself (RFC 9068 §4)."""

    def get_jwks(self):
        return requests.get(os.environ["JWKS_URI"], timeout=10).json()

    def admits(self, token):
        try:
            self.validate_token(self.authenticate_token(token), None, None)
        except InvalidTokenError:
            return False
        return True


def share():
    client = OAuth2Session(
        os.environ["CLIENT_ID"],
        os.environ["CLIENT_SECRET"],
        token_endpoint_auth_method="client_secret_jwt",
        revocation_endpoint_auth_method="client_secret_jwt",
    )
    client.register_client_auth_method(ClientSecretJWT(os.environ["TOKEN_ENDPOINT"], alg=algorithm))
    token = client.fetch_token(os.environ["TOKEN_ENDPOINT"], grant_type="client_credentials")["access_token"]

    def active():
        return client.introspect_token(os.environ["INTROSPECTION_ENDPOINT"], token=token).json()["active"]

    issuer = os.environ["ISSUER"]
    before = active()
    client.revoke_token(os.environ["REVOCATION_ENDPOINT"], token=token)
    return {
        "admitted": Api(issuer, issuer).admits(token),
        "admitted_elsewhere": Api(issuer, "https://api.tinh.example").admits(token),
        "active": [before, active()],
    }


def wait():
    client = OAuth2Session(os.environ["CLIENT_ID"], token_endpoint_auth_method="none")
    codes = requests.post(
        os.environ["DEVICE_ENDPOINT"],
        data={"client_id": os.environ["CLIENT_ID"], "scope": "openid profile"},
        timeout=10,
    ).json()
    print(json.dumps(codes), flush=True)
    sys.stdin.readline()
    token = client.fetch_token(
        os.environ["TOKEN_ENDPOINT"],
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        device_code=codes["device_code"],
    )
    keys = KeySet.import_key_set(requests.get(os.environ["JWKS_URI"], timeout=10).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=[algorithm]).claims
    return {"name": client.get(os.environ["USERINFO_ENDPOINT"]).json()["name"], "aud": claims["aud"]}


if command == "keys":
    make_keys()
else:
    print(json.dumps({"ask": ask, "share": share, "wait": wait}[command]()))
