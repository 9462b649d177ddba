//! What goes wrong with a device, and whether trying anew helps.

use std::fmt;

use cryptoki::error::{Error, RvError};
use idp_core::base::fault::Fault;
use idp_core::ports::Obstacle;

const PLACE: &str = "device";

/// A call that failed: the word that everybody may see, and what the operator needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What is in the way.
    pub obstacle: Obstacle,
    /// The operator's words; never the PIN.
    pub detail: String,
}

impl Trouble {
    /// Trouble of this kind.
    pub fn new(obstacle: Obstacle, detail: impl fmt::Display) -> Self {
        Self {
            obstacle,
            detail: detail.to_string(),
        }
    }

    pub(super) fn absent(detail: impl fmt::Display) -> Self {
        Self::new(Obstacle::Absent, detail)
    }
}

impl From<Trouble> for Fault {
    /// Transient where the device may come back by itself.
    fn from(trouble: Trouble) -> Self {
        match trouble.obstacle {
            Obstacle::Absent | Obstacle::Slow => Self::transient(PLACE, trouble.detail),
            Obstacle::NotConfigured | Obstacle::PinRefused | Obstacle::KeyUnusable => {
                Self::lasting(PLACE, trouble.detail)
            }
        }
    }
}

/// What may make a failed call succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The session is gone, or nothing is known about it any more.
    NewSession,
    /// The token's objects changed.
    FindKey,
    /// Nothing: the token refuses this for good.
    Nothing,
}

/// What to do about an error of a signature.
pub(super) fn remedy(error: &Error) -> Remedy {
    let Error::Pkcs11(value, _) = error else {
        return Remedy::Nothing;
    };
    match value {
        RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid => Remedy::FindKey,
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::KeyFunctionNotPermitted
        | RvError::KeySizeRange
        | RvError::KeyTypeInconsistent
        | RvError::FunctionNotSupported
        | RvError::CurveNotSupported => Remedy::Nothing,
        _ => Remedy::NewSession,
    }
}

/// Whether the token refuses the PIN: then it must not be tried again.
pub(super) fn is_refused_pin(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::PinIncorrect
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired
                | RvError::PinLocked
                | RvError::UserPinNotInitialized,
            _
        )
    )
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    #[test]
    fn each_error_has_its_remedy() {
        for (value, expected) in [
            (RvError::SessionHandleInvalid, Remedy::NewSession),
            (RvError::DeviceRemoved, Remedy::NewSession),
            (RvError::UserNotLoggedIn, Remedy::NewSession),
            (RvError::DeviceError, Remedy::NewSession),
            (RvError::KeyHandleInvalid, Remedy::FindKey),
            (RvError::MechanismInvalid, Remedy::Nothing),
        ] {
            let error = Error::Pkcs11(value, Function::Sign);
            assert_eq!(remedy(&error), expected, "{error}");
            assert!(!is_refused_pin(&error), "{error}");
        }
        let refused = Error::Pkcs11(RvError::PinIncorrect, Function::Login);
        assert!(is_refused_pin(&refused));
    }

    #[test]
    fn only_what_may_pass_is_transient() {
        for (obstacle, transient) in [
            (Obstacle::Absent, true),
            (Obstacle::Slow, true),
            (Obstacle::PinRefused, false),
            (Obstacle::KeyUnusable, false),
            (Obstacle::NotConfigured, false),
        ] {
            let fault = Fault::from(Trouble::new(obstacle, "x"));
            assert_eq!(fault.transient, transient, "{obstacle:?}");
        }
    }
}
