//! The rules that can be violated: one enum per document that is judged, one variant per rule.

use std::fmt;

/// Declares an enum of refusals: one variant, one stable reason, one sentence.
macro_rules! refusals {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $reason:literal, $text:literal;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name { $(#[doc = $text] $(#[$doc])* $variant,)* }

        impl $name {
            /// The stable name of the violated rule, for tests, metrics and logs.
            #[must_use]
            pub fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }

        impl std::error::Error for $name {}
    };
}

refusals! {
    /// What is wrong with the settings that the application gave.
    SettingsError {
        IssuerUnparsable = "issuer_unparsable", "the issuer is not an absolute URL";
        IssuerInsecure = "issuer_insecure",
            "the issuer must be https (http only on loopback), without user, query or fragment";
        BaseUrlUnparsable = "base_url_unparsable", "the base URL is not an absolute URL";
        BaseUrlInsecure = "base_url_insecure",
            "the base URL must be https (http only on loopback), without user, query or fragment";
        ClientIdEmpty = "client_id_empty", "the client identifier is empty";
        AlgorithmsEmpty = "algorithms_empty", "no signing algorithm is allowed";
        AlgorithmWeak = "algorithm_weak",
            "only asymmetric signing algorithms with SHA-256 or stronger are accepted";
        SkewTooLarge = "skew_too_large", "the clock skew is larger than five minutes";
        PathNotLocal = "path_not_local", "the path must begin with one slash and stay on this site";
        SigningKeyUnusable = "signing_key_unusable",
            "the client's private key is not a PKCS#8 key of the stated algorithm";
        CertificateUnreadable = "certificate_unreadable", "the additional trust anchors are not PEM certificates";
        ClientCertificateUnreadable = "client_certificate_unreadable",
            "the client certificate is not a PEM chain with its private key";
        ClientCertificateMissing = "client_certificate_missing",
            "the authentication method presents a client certificate and none is configured";
        SecretShort = "client_secret_short", "a secret that signs assertions must have at least 32 bytes";
        DecryptionKeyUnusable = "decryption_key_unusable",
            "a decryption key is not a PKCS#8 key of the stated algorithm";
        DecryptionKeyMissing = "decryption_key_missing",
            "encrypted tokens are demanded and no decryption key is configured";
        FormPostInsecure = "form_post_insecure",
            "answers by form_post need an https base URL or `localhost`, or browsers keep back the cookie";
        ProofKeyUnusable = "dpop_key_unusable", "the DPoP key is not a P-256 key in PKCS#8";
        TlsProviderMissing = "tls_provider_missing",
            "no rustls crypto provider is installed in this process";
        HttpClientRefused = "http_client_refused", "the HTTP client cannot be built from these settings";
    }
}

refusals! {
    /// What went wrong on the way to the provider.
    FetchError {
        Unreachable = "provider_unreachable", "no connection to the provider";
        TimedOut = "provider_timed_out", "the provider did not answer in time";
        TooLarge = "provider_answer_too_large", "the provider's answer exceeds the size limit";
        Redirected = "provider_redirected", "the provider answered with a redirect, which is never followed";
        Broken = "provider_answer_broken", "the provider's answer broke off or is not valid HTTP";
        Status = "provider_status", "the provider answered with an unexpected status";
        Malformed = "provider_answer_malformed", "the provider's answer is not the expected document";
    }
}

refusals! {
    /// What is unacceptable in the provider's metadata (OpenID Connect Discovery 1.0 §4.3).
    MetadataError {
        IssuerDiffers = "metadata_issuer_differs", "the metadata names another issuer than the configured one";
        EndpointInsecure = "metadata_endpoint_insecure", "an endpoint is neither https nor http on loopback";
        TokenEndpointMissing = "metadata_token_endpoint_missing", "the metadata names no token endpoint";
        Pkce = "metadata_pkce_unsupported", "the provider lists its PKCE methods and S256 is not among them";
        PushMissing = "metadata_pushed_requests_unsupported",
            "pushed authorization requests are demanded and the provider offers none";
        ResponseMode = "metadata_response_mode_unsupported",
            "the provider does not list the response mode that this client asks for";
        Proof = "metadata_dpop_unsupported",
            "the provider lists its DPoP algorithms and ES256 is not among them";
        IntrospectionMissing = "metadata_introspection_endpoint_missing",
            "the provider names no introspection endpoint";
        AuthenticationMethod = "metadata_client_authentication_unsupported",
            "the provider does not list this client's authentication method";
    }
}

refusals! {
    /// What is wrong with the browser's return to the callback (RFC 6749 §4.1.2, RFC 9207).
    CallbackError {
        TooLong = "callback_too_long", "the callback's parameters exceed 16 KiB";
        Duplicated = "callback_parameter_duplicated", "a callback parameter occurs twice";
        StateMissing = "callback_state_missing", "the callback carries no state";
        StateUnknown = "callback_state_unknown",
            "no sign-in of this browser waits for this state: it expired, was used, or began elsewhere";
        StateDiffers = "callback_state_differs", "the callback's state belongs to another sign-in";
        IssuerMissing = "callback_iss_missing", "the provider promises iss on the callback and it is absent";
        IssuerDiffers = "callback_iss_differs", "the callback's iss names another issuer (mix-up)";
        CodeMissing = "callback_code_missing", "the callback carries neither code nor error";
        Mode = "callback_mode_differs",
            "the answer came by another response mode than the one asked for";
        CrossSite = "request_cross_site", "the request was sent by another site";
    }
}

refusals! {
    /// What is wrong with an ID token (OpenID Connect Core 1.0 §3.1.3.7).
    IdTokenError {
        Missing = "id_token_missing", "the token response holds no ID token";
        Malformed = "id_token_malformed", "the ID token cannot be read";
        Type = "id_token_type", "the ID token's header states another type, nesting, encryption or critical extensions";
        Issuer = "id_token_iss", "the ID token's iss is another issuer";
        Audience = "id_token_aud", "the ID token's aud is not this client alone";
        AuthorizedParty = "id_token_azp", "the ID token's azp is another client";
        Unsigned = "id_token_unsigned", "the ID token is not signed";
        Algorithm = "id_token_alg", "the ID token's algorithm is not allowed";
        KeyUnknown = "id_token_key_unknown", "the provider publishes no single key for this ID token";
        Signature = "id_token_signature", "the ID token's signature does not verify";
        Expired = "id_token_expired", "the ID token has expired";
        IssuedInFuture = "id_token_iat", "the ID token was issued in the future";
        Nonce = "id_token_nonce", "the ID token's nonce is not the one of this sign-in";
        Acr = "id_token_acr", "the sign-in was not as strong as this application demands";
        AuthTimeMissing = "id_token_auth_time_missing", "auth_time was asked for and is absent";
        AuthTimeTooOld = "id_token_auth_time_too_old", "the person signed in longer ago than this application accepts";
        AccessTokenHash = "id_token_at_hash", "the ID token's at_hash does not match the access token";
        CodeHash = "id_token_c_hash", "the ID token's c_hash does not match the code";
        MemberTwice = "id_token_member_duplicated", "a JSON member occurs twice in the ID token";
        NotEncrypted = "id_token_not_encrypted", "the ID token is not encrypted although this application demands it";
        OtherPerson = "id_token_other_person",
            "somebody else signed in than the person whose sign-in was to be strengthened";
        Changed = "id_token_changed_on_refresh",
            "the refreshed ID token names another subject, sign-in time or nonce than the first one";
    }
}

refusals! {
    /// What is wrong with a userinfo answer (OpenID Connect Core 1.0 §5.3).
    UserInfoError {
        Subject = "userinfo_sub", "userinfo speaks of another subject than the ID token";
        Malformed = "userinfo_malformed", "the userinfo answer cannot be read";
        Unsigned = "userinfo_unsigned", "the userinfo answer is not signed although this application demands it";
        NotEncrypted = "userinfo_not_encrypted",
            "the userinfo answer is not encrypted although this application demands it";
        Algorithm = "userinfo_alg", "the userinfo answer's algorithm is not allowed";
        KeyUnknown = "userinfo_key_unknown", "the provider publishes no single key for this userinfo answer";
        Signature = "userinfo_signature", "the userinfo answer's signature does not verify";
        Issuer = "userinfo_iss", "the signed userinfo answer's iss is absent or another issuer";
        Audience = "userinfo_aud", "the signed userinfo answer's aud is absent or not this client alone";
        Expired = "userinfo_expired", "the signed userinfo answer has expired";
        Refused = "userinfo_refused", "the provider refused the userinfo request";
    }
}

refusals! {
    /// What is wrong with a signed authorization response (JARM §2.4, §4.4).
    JarmError {
        Missing = "jarm_response_missing", "the callback carries no signed response although one was asked for";
        Malformed = "jarm_malformed", "the signed response is not a JWT with the required claims";
        Type = "jarm_type", "the signed response's header states the type of another token";
        Algorithm = "jarm_alg", "the signed response's algorithm is not allowed";
        KeyUnknown = "jarm_key_unknown", "the provider publishes no single key for this response";
        Signature = "jarm_signature", "the signed response's signature does not verify";
        Issuer = "jarm_iss", "the signed response's iss is another issuer (mix-up)";
        Audience = "jarm_aud", "the signed response's aud is not this client alone";
        Expired = "jarm_expired", "the signed response has expired";
        Beside = "jarm_parameters_beside", "the callback carries unsigned parameters beside the signed response";
    }
}

refusals! {
    /// What is wrong with the answer to a pushed authorization request (RFC 9126 §2.2).
    PushError {
        Malformed = "pushed_answer_malformed",
            "the answer to the pushed request is not a request_uri with a lifetime";
    }
}

refusals! {
    /// What is wrong with an encrypted token (RFC 7516 §5.2). Whatever fails behind the key is one
    /// reason: a finer one would tell an attacker how far a forged token came.
    JweError {
        Malformed = "jwe_malformed", "the encrypted token is not a compact JWE of acceptable size";
        Algorithm = "jwe_alg", "the key management algorithm is not RSA-OAEP-256 or ECDH-ES";
        Encryption = "jwe_enc", "the content encryption is not A128GCM or A256GCM";
        Unsupported = "jwe_header_unsupported", "the header states compression or critical extensions";
        KeyUnknown = "jwe_key_unknown", "no single decryption key fits the encrypted token";
        Undecryptable = "jwe_undecryptable", "the encrypted token cannot be decrypted";
    }
}

refusals! {
    /// What is wrong with the token endpoint's answer (RFC 6749 §5.1, RFC 9449 §5).
    TokenAnswerError {
        Type = "token_type_unexpected", "the access token is of a type that was not asked for";
        NotBound = "token_not_bound", "the provider issued a Bearer token although a DPoP proof was sent";
        NonceLoop = "dpop_nonce_refused", "the provider asked for another DPoP nonce twice in a row";
        NonceMissing = "dpop_nonce_missing", "the provider asked for a DPoP nonce and gave none";
        ResourceInsecure = "resource_insecure", "the resource's address is neither https nor http on loopback";
    }
}

refusals! {
    /// What is wrong with a front-channel logout request (OpenID Connect Front-Channel Logout 1.0 §2).
    FrontChannelError {
        Disabled = "frontchannel_disabled", "this application does not take front-channel logout";
        Issuer = "frontchannel_iss", "the request's iss is absent or another issuer";
        Session = "frontchannel_sid_missing", "the request names no single sid";
    }
}

refusals! {
    /// What is wrong with a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6).
    LogoutTokenError {
        Missing = "logout_token_missing", "the request holds no single logout_token parameter";
        TooLong = "logout_token_too_long", "the logout token exceeds 16 KiB";
        Malformed = "logout_token_malformed", "the logout token is not a signed JWT with the required claims";
        Type = "logout_token_type", "the logout token's header states another type, nesting or critical extensions";
        Algorithm = "logout_token_alg", "the logout token's algorithm is not allowed";
        KeyUnknown = "logout_token_key_unknown", "the provider publishes no single key for this logout token";
        Signature = "logout_token_signature", "the logout token's signature does not verify";
        Issuer = "logout_token_iss", "the logout token's iss is another issuer";
        Audience = "logout_token_aud", "the logout token's aud is not this client alone";
        Expired = "logout_token_expired", "the logout token has expired";
        IssuedInFuture = "logout_token_iat", "the logout token was issued in the future";
        Subject = "logout_token_sub_and_sid_missing", "the logout token names neither sub nor sid";
        Events = "logout_token_events", "the logout token's events lack the back-channel logout member";
        Nonce = "logout_token_nonce", "the logout token carries a nonce, as an ID token does";
        Replayed = "logout_token_replayed", "a logout token with this jti was received before";
    }
}

refusals! {
    /// What is wrong with an access token that a resource server is shown (RFC 6750, RFC 9068).
    AccessTokenError {
        Missing = "access_token_missing", "the request carries no Bearer or DPoP token";
        Authorization = "authorization_malformed", "the request carries several or unreadable Authorization fields";
        TooLong = "access_token_too_long", "the access token exceeds 16 KiB";
        Malformed = "access_token_malformed", "the access token is not a JWT with readable claims";
        Type = "access_token_type", "the token's header does not state the type at+jwt, or states extensions";
        Algorithm = "access_token_alg", "the access token's algorithm is not allowed";
        KeyUnknown = "access_token_key_unknown", "the provider publishes no single key for this access token";
        Signature = "access_token_signature", "the access token's signature does not verify";
        Incomplete = "access_token_claims_missing", "the access token lacks a required claim";
        Issuer = "access_token_iss", "the access token's iss is another issuer";
        Audience = "access_token_aud", "the access token is for another resource";
        Expired = "access_token_expired", "the access token has expired";
        NotYetValid = "access_token_nbf", "the access token is not valid yet";
        IssuedInFuture = "access_token_iat", "the access token was issued in the future";
        Inactive = "access_token_inactive", "the provider says that the access token is not active";
        ProofAbsent = "access_token_proof_absent", "a token bound to a key was presented as a Bearer token";
        NotBoundToKey = "access_token_without_key", "a token that names no key was presented with a proof";
        NotBound = "access_token_not_bound", "this resource takes bound tokens only";
        CertificateMissing = "access_token_certificate_missing",
            "the token is bound to a certificate and the connection shows none";
        Certificate = "access_token_certificate", "the token is bound to another certificate";
        Scope = "access_token_scope", "the access token lacks a scope that this resource requires";
        Authentication = "access_token_authentication",
            "the person must sign in more strongly or more recently for this resource";
    }
}

refusals! {
    /// What is wrong with a proof of possession (RFC 9449 §4.3).
    ProofError {
        Missing = "dpop_proof_missing", "the request carries no DPoP proof";
        Several = "dpop_proof_several", "the request carries several DPoP proofs";
        Malformed = "dpop_proof_malformed", "the proof is not a JWT with the required claims";
        Type = "dpop_proof_type", "the proof's header does not state the type dpop+jwt, or states extensions";
        Algorithm = "dpop_proof_alg", "the proof's algorithm is not allowed";
        Key = "dpop_proof_jwk", "the proof's key is absent, private or of another kind than its algorithm";
        Signature = "dpop_proof_signature", "the proof's signature does not verify";
        Method = "dpop_proof_htm", "the proof is for another method";
        Address = "dpop_proof_htu", "the proof is for another address";
        IssuedAt = "dpop_proof_iat", "the proof is too old or from the future";
        TokenHash = "dpop_proof_ath", "the proof is for another access token";
        Nonce = "dpop_proof_nonce", "the proof carries none of this server's current nonces";
        KeyDiffers = "dpop_proof_key_differs", "the proof was made with another key than the token names";
        Replayed = "dpop_proof_replayed", "this proof was presented before";
    }
}

refusals! {
    /// What is wrong with an introspection answer (RFC 7662, RFC 9701).
    IntrospectionError {
        Malformed = "introspection_malformed", "the introspection answer cannot be read";
        Unsigned = "introspection_unsigned", "the introspection answer is not signed although this resource demands it";
        Type = "introspection_type", "the signed answer's header does not state its type, or states extensions";
        Algorithm = "introspection_alg", "the signed answer's algorithm is not allowed";
        KeyUnknown = "introspection_key_unknown", "the provider publishes no single key for the signed answer";
        Signature = "introspection_signature", "the signed answer's signature does not verify";
        Issuer = "introspection_iss", "the signed answer's iss is another issuer";
        Audience = "introspection_aud", "the signed answer's aud is not this resource's client alone";
        Stale = "introspection_stale", "the signed answer is from another time than this exchange";
    }
}

refusals! {
    /// Trouble on the application's own side: for its operator, not for the person.
    Fault {
        Randomness = "randomness_unavailable", "the operating system gave no random bytes";
        Signing = "signing_failed", "a client assertion or a DPoP proof could not be signed";
        Store = "session_store_failed", "the session store failed";
        Request = "request_unbuildable", "a request to the provider could not be built";
        Interrupted = "refresh_interrupted", "the refresh was interrupted by a shutdown";
    }
}
