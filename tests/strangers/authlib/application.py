"""A relying party on Authlib: sign-in by code with PKCE, claims from the validated ID Token, sign-out."""

import os
import secrets
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oidc.core import CodeIDToken

ISSUER = os.environ["ISSUER"]
CLIENT_ID = os.environ["CLIENT_ID"]
REDIRECT_URI = os.environ["REDIRECT_URI"]
COOKIE = "authlib-" + os.environ["PORT"]

metadata = requests.get(ISSUER.rstrip("/") + "/.well-known/openid-configuration", timeout=10).json()
keys = JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
sessions = {}


def client(**more):
    return OAuth2Session(
        CLIENT_ID,
        os.environ["CLIENT_SECRET"],
        scope="openid profile",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
        **more,
    )


class Application(BaseHTTPRequestHandler):
    def do_GET(self):
        path = urlsplit(self.path).path
        session = self.session()
        if path == urlsplit(REDIRECT_URI).path:
            self.callback(session)
        elif path == "/stranger/sign-out":
            self.sign_out(session)
        elif "claims" in session:
            self.send_response(200)
            self.send_header("claim-sub", session["claims"]["sub"])
            self.end_headers()
        else:
            self.sign_in(session)

    def session(self):
        cookie = SimpleCookie(self.headers.get("cookie", "")).get(COOKIE)
        self.key = cookie.value if cookie and cookie.value in sessions else secrets.token_urlsafe()
        return sessions.setdefault(self.key, {})

    def redirect(self, address):
        self.send_response(302)
        self.send_header("location", address)
        self.send_header("set-cookie", f"{COOKIE}={self.key}; Path=/; HttpOnly; SameSite=Lax")
        self.end_headers()

    def sign_in(self, session):
        session["nonce"] = secrets.token_urlsafe()
        session["verifier"] = secrets.token_urlsafe(48)
        address, session["state"] = client().create_authorization_url(
            metadata["authorization_endpoint"],
            code_verifier=session["verifier"],
            nonce=session["nonce"],
        )
        self.redirect(address)

    def callback(self, session):
        token = client(state=session["state"]).fetch_token(
            metadata["token_endpoint"],
            authorization_response=REDIRECT_URI + "?" + urlsplit(self.path).query,
            code_verifier=session["verifier"],
        )
        algorithms = JsonWebToken(metadata["id_token_signing_alg_values_supported"])
        claims = algorithms.decode(
            token["id_token"],
            keys,
            claims_cls=CodeIDToken,
            claims_options={
                "iss": {"essential": True, "value": ISSUER},
                "aud": {"essential": True, "value": CLIENT_ID},
            },
            claims_params={
                "nonce": session["nonce"],
                "client_id": CLIENT_ID,
                "access_token": token["access_token"],
            },
        )
        claims.validate()
        userinfo = client(token=token).get(metadata["userinfo_endpoint"]).json()
        assert userinfo["sub"] == claims["sub"], "userinfo is about somebody else"
        session["claims"] = claims
        session["id_token"] = token["id_token"]
        self.redirect("/stranger/")

    def sign_out(self, session):
        hint = session.get("id_token", "")
        sessions.pop(self.key, None)
        query = urlencode({"id_token_hint": hint, "client_id": CLIENT_ID})
        self.redirect(metadata["end_session_endpoint"] + "?" + query)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Application).serve_forever()
