//! The page on which somebody signs in with a certificate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_core::base::refusal::Reason;

use super::{FormTarget, page};
use crate::ui::shell::{Shell, TextKey};

/// All the script of the page: nothing of a request is in it, so that the page's policy can name it
/// by its digest. One adapter for each agent.
const SCRIPT: &str = concat!(
    "var agents = {};\n",
    include_str!("../agents/vgca.js"),
    include_str!("../certificate.js"),
);

/// A signing agent that runs on the person's machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAgent {
    /// That of the government's authority.
    Vgca,
}

impl SigningAgent {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Vgca];

    /// Its name in the configuration and in the page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vgca => "vgca",
        }
    }

    /// Where the page speaks to it.
    pub const fn origin(self) -> &'static str {
        match self {
            Self::Vgca => "wss://127.0.0.1:8987",
        }
    }
}

/// A challenge to sign.
#[derive(Clone, Debug)]
pub struct ToSign {
    /// What is sent back with the answer.
    pub handle: String,
    /// The octets.
    pub octets: Vec<u8>,
}

impl ToSign {
    fn base64(&self) -> String {
        STANDARD.encode(&self.octets)
    }

    fn digest(&self) -> String {
        STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, &self.octets))
    }
}

/// Asks for a signature. Fields: `csrf`, `pending` or `user_code`, `challenge`, `signature`,
/// `certificate`.
#[derive(Clone, Debug)]
pub struct CertificatePage {
    /// Where the form goes.
    pub form: FormTarget,
    /// Identifier of the pending sign-in.
    pub pending: Option<String>,
    /// The code of a device that the person is on the way to let in.
    pub user_code: Option<String>,
    /// Name of the application that the person is on the way to.
    pub application: Option<String>,
    /// What agents sign, and which are offered; none outside the office.
    pub by_agent: Option<(ToSign, Vec<SigningAgent>)>,
    /// What any other program signs.
    pub by_file: ToSign,
    /// Path of the page for the password, where one is enough.
    pub password_path: Option<String>,
    /// Why the last attempt did not pass: the keys of heading and advice.
    pub refusal: Option<CertificateRefusal>,
}

/// Why a certificate did not sign in, as far as its holder may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateRefusal(TextKey);

impl CertificateRefusal {
    /// The reasons that this page tells; none for others.
    pub fn of(reason: Reason) -> Option<Self> {
        let key = match reason {
            Reason::SignInChallengeUnknown | Reason::SignInChallengeExpired => {
                TextKey("certificate-late")
            }
            Reason::SignInAnswerUnreadable | Reason::SignInCertificateUnreadable => {
                TextKey("certificate-unreadable")
            }
            Reason::SignInSignatureWrong => TextKey("certificate-wrong"),
            Reason::SignInCertificateUntrusted => TextKey("certificate-untrusted"),
            Reason::SignInCertificateExpired => TextKey("certificate-expired"),
            Reason::SignInCertificateNotYetValid => TextKey("certificate-early"),
            Reason::SignInCertificateRevoked => TextKey("certificate-revoked"),
            Reason::SignInCertificateStatusUnknown => TextKey("certificate-unknown"),
            Reason::SignInCertificateUnfit => TextKey("certificate-unfit"),
            Reason::SignInCertificateIdentityUnclear => TextKey("certificate-unclear"),
            Reason::SignInCertificateNotMapped => TextKey("certificate-unmapped"),
            Reason::SignInCertificateIsSeal => TextKey("certificate-seal"),
            Reason::SignInCertificateReissued => TextKey("certificate-reissued"),
            Reason::SignInCertificatesTooMany => TextKey("certificate-too-many"),
            Reason::SignInAgentForAdministrator => TextKey("certificate-agent-administrator"),
            Reason::SignInAgentOutsideOffice => TextKey("certificate-agent-outside"),
            _ => return None,
        };
        Some(Self(key))
    }

    fn advice(self, shell: &Shell<'_>) -> String {
        shell.tell(self.0)
    }
}

impl CertificatePage {
    /// The source expression that lets this page's script run and no other (Content Security Policy 3
    /// §2.3.1).
    pub fn script_source() -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, SCRIPT.as_bytes());
        format!("'sha256-{}'", STANDARD.encode(digest))
    }

    /// Where the script may speak to.
    pub fn agent_origins(&self) -> Vec<&'static str> {
        let agents = self.by_agent.iter().flat_map(|(_, agents)| agents);
        agents.map(|agent| agent.origin()).collect()
    }

    fn script(&self) -> &'static str {
        SCRIPT
    }
}

page!(CertificatePage, "certificate.html");
