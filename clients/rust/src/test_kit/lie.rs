//! Every lie the kit can tell, where it is told, and by which reason this crate refuses it.

/// In which document or exchange a lie is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// The provider's metadata.
    Discovery,
    /// The published key set.
    Keys,
    /// The answer to a pushed request.
    Pushed,
    /// The plain authorization answer.
    Authorization,
    /// The signed authorization answer (JARM).
    SignedAuthorization,
    /// The token endpoint's answer.
    Token,
    /// The token endpoint's answer to a request with a DPoP proof.
    BoundToken,
    /// The ID token.
    IdToken,
    /// The encryption around the ID token.
    Encryption,
    /// The plain userinfo answer.
    Userinfo,
    /// The signed userinfo answer.
    SignedUserinfo,
    /// A logout token.
    LogoutToken,
    /// A JWT access token shown to a resource server.
    AccessToken,
    /// The plain introspection answer.
    Introspection,
    /// The signed introspection answer.
    SignedIntrospection,
}

/// How a signature is forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forgery {
    /// `alg` is `none` and the signature is empty.
    Unsigned,
    /// HS256 under the published public key's bytes.
    PublicKeyAsSecret,
    /// A key that is not published, under its own name.
    UnpublishedKey,
    /// A key that is not published, under the published one's name.
    BorrowedName,
}

/// How an answer goes wrong below its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Redirect,
    Oversized,
    Endless,
    Drip,
    Broken,
    ServerError,
}

/// What is changed in a document. Texts are JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bend {
    Set(&'static str, &'static str),
    Remove(&'static str),
    /// Seconds from now.
    Time(&'static str, i64),
    Header(&'static str, &'static str),
    /// The member is written twice, the second time with this value.
    Twice(&'static str, &'static str),
    Forge(Forgery),
    Answer(Trouble),
    /// Encrypted to somebody else.
    ForeignKey,
    /// The server asks for a nonce for ever.
    NonceLoop,
    /// The server asks for a nonce and gives none.
    NonceWithheld,
    /// The code of another sign-in.
    OtherCode,
}

macro_rules! lies {
    ($($place:ident { $($name:ident: $bend:expr => $reason:literal, $about:literal;)+ })+) => {
        /// One lie. [`Lie::reason`] says by which reason this crate refuses it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Lie { $($(#[doc = $about] $name,)+)+ }

        impl Lie {
            /// Every lie.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)+)+];

            /// Where it is told.
            #[must_use]
            pub fn place(self) -> Place {
                match self { $($(Self::$name => Place::$place,)+)+ }
            }

            /// The reason ([`Error::reason`](crate::Error::reason)) by which it is refused.
            #[must_use]
            pub fn reason(self) -> &'static str {
                match self { $($(Self::$name => $reason,)+)+ }
            }

            pub(super) fn bend(self) -> Bend {
                match self { $($(Self::$name => $bend,)+)+ }
            }
        }
    };
}

use Bend::{Answer, ForeignKey, Forge, Header, NonceLoop, NonceWithheld, OtherCode};
use Bend::{Remove, Set, Time, Twice};
use Forgery::{BorrowedName, PublicKeyAsSecret, UnpublishedKey, Unsigned};

lies! {
    Discovery {
        MetadataIssuer: Set("issuer", r#""https://other.example""#) => "metadata_issuer_differs",
            "The metadata names another issuer.";
        MetadataTokenEndpointHttp: Set("token_endpoint", r#""http://id.example/token""#) => "metadata_endpoint_insecure",
            "The token endpoint is http on another machine.";
        MetadataKeysHttp: Set("jwks_uri", r#""http://169.254.169.254/keys""#) => "metadata_endpoint_insecure",
            "The key set is at an http address inside the network.";
        MetadataTokenEndpointMissing: Remove("token_endpoint") => "metadata_token_endpoint_missing",
            "There is no token endpoint.";
        MetadataPkcePlain: Set("code_challenge_methods_supported", r#"["plain"]"#) => "metadata_pkce_unsupported",
            "PKCE without S256.";
        MetadataTwice: Twice("issuer", r#""https://other.example""#) => "provider_answer_malformed",
            "The issuer occurs twice.";
        MetadataRedirect: Answer(Trouble::Redirect) => "provider_redirected", "A redirect.";
        MetadataOversized: Answer(Trouble::Oversized) => "provider_answer_too_large", "One mebibyte.";
        MetadataEndless: Answer(Trouble::Endless) => "provider_answer_too_large", "An answer without end.";
        MetadataDrip: Answer(Trouble::Drip) => "provider_timed_out", "One byte at a time, for ever.";
        MetadataBroken: Answer(Trouble::Broken) => "provider_answer_malformed", "Half a JSON document.";
        MetadataServerError: Answer(Trouble::ServerError) => "provider_status", "Status 500.";
    }
    Keys {
        KeysRedirect: Answer(Trouble::Redirect) => "provider_redirected", "A redirect.";
        KeysOversized: Answer(Trouble::Oversized) => "provider_answer_too_large", "One mebibyte.";
        KeysBroken: Answer(Trouble::Broken) => "provider_answer_malformed", "Half a JSON document.";
        KeysEmpty: Set("keys", "[]") => "id_token_key_unknown", "No key at all.";
    }
    Pushed {
        PushedWithoutAddress: Remove("request_uri") => "pushed_answer_malformed", "No `request_uri`.";
        PushedWithSpaces: Set("request_uri", r#""urn:x y""#) => "pushed_answer_malformed", "A `request_uri` with a space.";
        PushedExpired: Set("expires_in", "0") => "pushed_answer_malformed", "A request that has ended already.";
        PushedTwice: Twice("request_uri", r#""urn:other""#) => "pushed_answer_malformed", "Two request addresses.";
        PushedRedirect: Answer(Trouble::Redirect) => "provider_redirected", "A redirect.";
    }
    Authorization {
        StateChanged: Set("state", r#""another""#) => "callback_state_unknown", "Another sign-in's `state`.";
        StateMissing: Remove("state") => "callback_state_missing", "No `state`.";
        IssuerMixedUp: Set("iss", r#""https://other.example""#) => "callback_iss_differs", "Another provider's `iss` (mix-up).";
        IssuerMissing: Remove("iss") => "callback_iss_missing", "No `iss` although it is promised.";
        CodeMissing: Remove("code") => "callback_code_missing", "Neither code nor error.";
        CodeTwice: Twice("code", r#""another""#) => "callback_parameter_duplicated", "Two codes.";
        CodeSwapped: OtherCode => "id_token_nonce", "The code of another sign-in, redeemed without question.";
        AccessDenied: Set("error", r#""access_denied""#) => "provider_refused", "A refusal beside the code.";
    }
    SignedAuthorization {
        ResponseUnsigned: Forge(Unsigned) => "jarm_alg", "`alg` is `none`.";
        ResponseHmac: Forge(PublicKeyAsSecret) => "jarm_alg", "HS256 under the public key.";
        ResponseUnpublishedKey: Forge(UnpublishedKey) => "jarm_key_unknown", "A key that is not published.";
        ResponseForged: Forge(BorrowedName) => "jarm_signature", "A forged signature.";
        ResponseIssuer: Set("iss", r#""https://other.example""#) => "jarm_iss", "Another issuer.";
        ResponseAudience: Set("aud", r#""other""#) => "jarm_aud", "Another client.";
        ResponseExpired: Time("exp", -31) => "jarm_expired", "It has expired.";
        ResponseWithoutEnd: Remove("exp") => "jarm_malformed", "It never expires.";
        ResponseTwice: Twice("code", r#""another""#) => "jarm_malformed", "Two codes in one JWT.";
        ResponseState: Set("state", r#""another""#) => "callback_state_unknown", "Another sign-in's `state`, signed.";
        ResponseType: Header("typ", r#""logout+jwt""#) => "jarm_type", "The type of another token.";
    }
    Token {
        TokenTypeOther: Set("token_type", r#""mac""#) => "token_type_unexpected", "A type nobody asked for.";
        TokenTypeProof: Set("token_type", r#""DPoP""#) => "token_type_unexpected", "DPoP although no proof was sent.";
        TokenMissing: Remove("access_token") => "provider_answer_malformed", "No access token.";
        TokenTwice: Twice("access_token", r#""another""#) => "provider_answer_malformed", "Two access tokens.";
        IdTokenMissing: Remove("id_token") => "id_token_missing", "No ID token.";
        TokenRedirect: Answer(Trouble::Redirect) => "provider_redirected", "A redirect, which would carry the code on.";
        TokenOversized: Answer(Trouble::Oversized) => "provider_answer_too_large", "One mebibyte.";
        TokenDrip: Answer(Trouble::Drip) => "provider_timed_out", "One byte at a time, for ever.";
        TokenBroken: Answer(Trouble::Broken) => "provider_answer_malformed", "Half a JSON document.";
    }
    BoundToken {
        BearerInstead: Set("token_type", r#""Bearer""#) => "token_not_bound", "A Bearer token although a proof was sent.";
        NonceForEver: NonceLoop => "dpop_nonce_refused", "A new nonce is asked for again and again.";
        NonceMissing: NonceWithheld => "dpop_nonce_missing", "A nonce is asked for and none given.";
    }
    IdToken {
        IdTokenIssuer: Set("iss", r#""https://other.example""#) => "id_token_iss", "Another issuer.";
        IdTokenAudience: Set("aud", r#""other""#) => "id_token_aud", "Another client.";
        IdTokenAudiences: Set("aud", r#"["app","other"]"#) => "id_token_aud", "This client and another.";
        IdTokenParty: Set("azp", r#""other""#) => "id_token_azp", "Issued to another client.";
        IdTokenNonce: Set("nonce", r#""another""#) => "id_token_nonce", "Another sign-in's nonce.";
        IdTokenWithoutNonce: Remove("nonce") => "id_token_nonce", "No nonce.";
        IdTokenExpired: Time("exp", -31) => "id_token_expired", "It has expired.";
        IdTokenFuture: Time("iat", 60) => "id_token_iat", "Issued in the future.";
        IdTokenWithoutEnd: Remove("exp") => "id_token_malformed", "It never expires.";
        IdTokenWithoutSubject: Remove("sub") => "id_token_malformed", "Nobody's.";
        IdTokenUnsigned: Forge(Unsigned) => "id_token_unsigned", "`alg` is `none`.";
        IdTokenHmac: Forge(PublicKeyAsSecret) => "id_token_alg", "HS256 under the public key.";
        IdTokenUnpublishedKey: Forge(UnpublishedKey) => "id_token_key_unknown", "A key that is not published.";
        IdTokenForged: Forge(BorrowedName) => "id_token_signature", "A forged signature.";
        IdTokenAccessTokenHash: Set("at_hash", r#""AAAAAAAAAAAAAAAAAAAAAA""#) => "id_token_at_hash", "The hash of another access token.";
        IdTokenCodeHash: Set("c_hash", r#""AAAAAAAAAAAAAAAAAAAAAA""#) => "id_token_c_hash", "The hash of another code.";
        IdTokenType: Header("typ", r#""logout+jwt""#) => "id_token_type", "The type of another token.";
        IdTokenCritical: Header("crit", r#"["exp"]"#) => "id_token_type", "Critical extensions.";
        IdTokenTwice: Twice("sub", r#""another""#) => "id_token_member_duplicated", "Two subjects.";
    }
    Encryption {
        EncryptionAlgorithm: Header("alg", r#""RSA1_5""#) => "jwe_alg", "A key encryption with a known oracle.";
        EncryptionContent: Header("enc", r#""A128CBC-HS256""#) => "jwe_enc", "Another content encryption.";
        EncryptionCompressed: Header("zip", r#""DEF""#) => "jwe_header_unsupported", "Compression.";
        EncryptionKeyName: Header("kid", r#""another""#) => "jwe_key_unknown", "Another key's name.";
        EncryptionForeign: ForeignKey => "jwe_undecryptable", "Encrypted to somebody else.";
        EncryptionAbsent: Remove("jwe") => "id_token_not_encrypted", "Not encrypted at all.";
    }
    Userinfo {
        UserinfoSwapped: Set("sub", r#""s-2""#) => "userinfo_sub", "Another person's claims.";
        UserinfoNobody: Remove("sub") => "userinfo_malformed", "Nobody's claims.";
        UserinfoTwice: Twice("sub", r#""s-2""#) => "userinfo_malformed", "Two people's claims.";
        UserinfoRedirect: Answer(Trouble::Redirect) => "provider_redirected", "A redirect, which would carry the token on.";
        UserinfoEndless: Answer(Trouble::Endless) => "provider_answer_too_large", "An answer without end.";
        UserinfoServerError: Answer(Trouble::ServerError) => "userinfo_refused", "Status 500.";
    }
    SignedUserinfo {
        SignedUserinfoSwapped: Set("sub", r#""s-2""#) => "userinfo_sub", "Another person's claims, signed.";
        SignedUserinfoIssuer: Set("iss", r#""https://other.example""#) => "userinfo_iss", "Another issuer.";
        SignedUserinfoAudience: Set("aud", r#""other""#) => "userinfo_aud", "Another client.";
        SignedUserinfoExpired: Time("exp", -31) => "userinfo_expired", "It has expired.";
        SignedUserinfoUnsigned: Forge(Unsigned) => "userinfo_alg", "`alg` is `none`.";
        SignedUserinfoHmac: Forge(PublicKeyAsSecret) => "userinfo_alg", "HS256 under the public key.";
        SignedUserinfoUnpublishedKey: Forge(UnpublishedKey) => "userinfo_key_unknown", "A key that is not published.";
        SignedUserinfoForged: Forge(BorrowedName) => "userinfo_signature", "A forged signature.";
        SignedUserinfoPlain: Remove("jws") => "userinfo_unsigned", "Not signed at all.";
    }
    LogoutToken {
        LogoutIssuer: Set("iss", r#""https://other.example""#) => "logout_token_iss", "Another issuer.";
        LogoutAudience: Set("aud", r#""other""#) => "logout_token_aud", "Another client.";
        LogoutExpired: Time("exp", -31) => "logout_token_expired", "It has expired.";
        LogoutFuture: Time("iat", 60) => "logout_token_iat", "Issued in the future.";
        LogoutNonce: Set("nonce", r#""n""#) => "logout_token_nonce", "An ID token in disguise.";
        LogoutEvents: Set("events", r#"{"other":{}}"#) => "logout_token_events", "Another event.";
        LogoutUnsigned: Forge(Unsigned) => "logout_token_alg", "`alg` is `none`.";
        LogoutHmac: Forge(PublicKeyAsSecret) => "logout_token_alg", "HS256 under the public key.";
        LogoutUnpublishedKey: Forge(UnpublishedKey) => "logout_token_key_unknown", "A key that is not published.";
        LogoutForged: Forge(BorrowedName) => "logout_token_signature", "A forged signature.";
        LogoutType: Header("typ", r#""at+jwt""#) => "logout_token_type", "The type of another token.";
        LogoutTwice: Twice("sid", r#""another""#) => "logout_token_malformed", "Two sessions in one member.";
    }
    AccessToken {
        AccessTokenType: Header("typ", r#""JWT""#) => "access_token_type", "An ID token's type.";
        AccessTokenIssuer: Set("iss", r#""https://other.example""#) => "access_token_iss", "Another issuer.";
        AccessTokenAudience: Set("aud", r#""https://other.example""#) => "access_token_aud", "For another resource.";
        AccessTokenExpired: Time("exp", -31) => "access_token_expired", "It has expired.";
        AccessTokenEarly: Time("nbf", 60) => "access_token_nbf", "Not valid yet.";
        AccessTokenFuture: Time("iat", 60) => "access_token_iat", "Issued in the future.";
        AccessTokenClient: Remove("client_id") => "access_token_claims_missing", "No client.";
        AccessTokenUnsigned: Forge(Unsigned) => "access_token_alg", "`alg` is `none`.";
        AccessTokenHmac: Forge(PublicKeyAsSecret) => "access_token_alg", "HS256 under the public key.";
        AccessTokenUnpublishedKey: Forge(UnpublishedKey) => "access_token_key_unknown", "A key that is not published.";
        AccessTokenForged: Forge(BorrowedName) => "access_token_signature", "A forged signature.";
        AccessTokenTwice: Twice("scope", r#""admin""#) => "access_token_malformed", "Two scopes members.";
        AccessTokenScope: Set("scope", r#""other""#) => "access_token_scope", "Another scope.";
    }
    Introspection {
        IntrospectionAudience: Set("aud", r#""https://other.example""#) => "access_token_aud", "Active for another resource.";
        IntrospectionIssuer: Set("iss", r#""https://other.example""#) => "access_token_iss", "Another issuer's token.";
        IntrospectionExpired: Time("exp", -31) => "access_token_expired", "Active and expired.";
        IntrospectionInactive: Set("active", "false") => "access_token_inactive", "Not active.";
        IntrospectionVague: Set("active", r#""yes""#) => "introspection_malformed", "`active` is no boolean.";
        IntrospectionTwice: Twice("active", "false") => "introspection_malformed", "Active and not.";
        IntrospectionBroken: Answer(Trouble::Broken) => "introspection_malformed", "Half a JSON document.";
    }
    SignedIntrospection {
        SignedIntrospectionOld: Time("iat", -120) => "introspection_stale", "An answer of another time.";
        SignedIntrospectionIssuer: Set("iss", r#""https://other.example""#) => "introspection_iss", "Another issuer.";
        SignedIntrospectionAudience: Set("aud", r#""other""#) => "introspection_aud", "For another client.";
        SignedIntrospectionType: Header("typ", r#""JWT""#) => "introspection_type", "Another type.";
        SignedIntrospectionUnsigned: Forge(Unsigned) => "introspection_alg", "`alg` is `none`.";
        SignedIntrospectionHmac: Forge(PublicKeyAsSecret) => "introspection_alg", "HS256 under the public key.";
        SignedIntrospectionUnpublishedKey: Forge(UnpublishedKey) => "introspection_key_unknown", "A key that is not published.";
        SignedIntrospectionForged: Forge(BorrowedName) => "introspection_signature", "A forged signature.";
        SignedIntrospectionPlain: Remove("jws") => "introspection_unsigned", "Not signed at all.";
        SignedIntrospectionEmpty: Remove("token_introspection") => "introspection_malformed", "Nothing about the token.";
    }
}
