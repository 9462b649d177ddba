//! `[tokens]`: what is asked of those who ask for tokens and use them.

use idp_core::policy::DpopNonce;

use super::key::Absent::Value;
use super::key::Kind::Choice;
use super::key::keys;
use super::reader::Reader;

keys! {
    "tokens.dpop_nonce": Choice(&["off", "required"]), Value("off"), "required",
        "Bằng chứng DPoP có phải chứa nonce do máy chủ cấp hay không (RFC 9449 §8). Với `required`, ai giữ được khoá trong chốc lát không thể tạo sẵn bằng chứng để dùng về sau; đổi lại ứng dụng phải hiểu nonce và thỉnh thoảng gửi lại một yêu cầu.",
        "Whether DPoP proofs must hold a nonce of this server (RFC 9449 §8). With `required` nobody who can use a key for a moment makes proofs for later; applications must then know nonces, and repeat a request now and then.";
}

pub(super) fn read(reader: &mut Reader<'_>) -> DpopNonce {
    match reader.text("tokens.dpop_nonce").as_str() {
        "required" => DpopNonce::Required,
        _ => DpopNonce::Off,
    }
}
