//! `[provider]`: the preset that a whole installation follows.

use idp_core::policy::Preset;

use super::key::Absent::Value;
use super::key::Kind::{Choice, Switch};
use super::key::keys;
use super::reader::Reader;

keys! {
    "provider.preset": Choice(&["default", "fapi2-security", "fapi2-message-signing", "certification"]), Value("default"), "fapi2-security",
        "Bộ quy tắc cho cả hệ thống: mặc định; chỉ nhận ứng dụng theo FAPI 2.0; hoặc để chạy bộ kiểm thử chuẩn (không dùng thật).",
        "Rules for the whole installation: the default; only clients of FAPI 2.0; or for a conformance suite, never for real work.";
    "provider.danger_certification": Switch, Value("false"), "false",
        "Phải bật thì mới chạy được với `provider.preset = \"certification\"`: ai cũng đăng ký được ứng dụng, PKCE không bắt buộc.",
        "Needed for `provider.preset = \"certification\"`, in which anybody registers clients and PKCE is not required.";
}

pub(super) fn read(reader: &mut Reader<'_>) -> Preset {
    let preset = match reader.text("provider.preset").as_str() {
        "fapi2-security" => Preset::Fapi2Security,
        "fapi2-message-signing" => Preset::Fapi2MessageSigning,
        "certification" => Preset::Certification,
        _ => Preset::Default,
    };
    let dangerous = reader.switch("provider.danger_certification");
    if dangerous != (preset == Preset::Certification) {
        reader.problem(
            "provider.danger_certification",
            "the switch and the preset do not go together",
            "`true` with provider.preset = \"certification\", and only then",
        );
    }
    preset
}
