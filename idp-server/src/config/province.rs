//! `[province]`: what people see.

use std::path::PathBuf;

use idp_core::policy::Preset;

use super::key::Absent::{Nothing, Required, Value};
use super::key::Kind::{Path, Text};
use super::key::keys;
use super::reader::Reader;
use crate::ui::{Branding, BrandingInput, BrandingProblem, Danger};

/// Where the operator's logo is served.
pub const LOGO_PATH: &str = "/branding/logo";

keys! {
    "province.name_vi": Text, Required, "Tỉnh Bình Minh",
        "Tên của tỉnh hoặc cơ quan, bằng tiếng Việt.",
        "The province's or agency's name in Vietnamese.";
    "province.name_en": Text, Nothing, "Binh Minh Province",
        "Tên bằng tiếng Anh. Mặc định: tên tiếng Việt.",
        "The name in English. By default the Vietnamese one.";
    "province.logo": Path, Nothing, "logo.png",
        "Logo: tệp PNG, JPEG hoặc WebP; không nhận SVG. Không có thì dùng biểu tượng có sẵn.",
        "Logo: a PNG, JPEG or WebP file, never SVG. Without one the built-in mark is shown.";
    "province.primary_colour": Text, Value("#0b4f8a"), "#0b4f8a",
        "Màu chính của các trang, dạng #rrggbb.",
        "The pages' primary colour, written #rrggbb.";
    "province.support_text_vi": Text, Nothing, "Phòng Chính quyền số, giờ hành chính",
        "Hỏi ai khi gặp khó khăn, tiếng Việt.",
        "Whom to ask for help, in Vietnamese.";
    "province.support_text_en": Text, Nothing, "Digital government office, office hours",
        "Hỏi ai khi gặp khó khăn, tiếng Anh. Mặc định: câu tiếng Việt.",
        "Whom to ask for help, in English. By default the Vietnamese text.";
    "province.support_phone": Text, Nothing, "0200 123 456",
        "Số điện thoại hỗ trợ.",
        "The support's telephone number.";
    "province.support_mail": Text, Nothing, "hotro@tinh.example",
        "Thư điện tử hỗ trợ.",
        "The support's mail address.";
}

/// What people see.
#[derive(Clone, Debug)]
pub struct ProvinceSettings {
    /// Names, colour, support; the logo's address is [`LOGO_PATH`] when there is one.
    pub branding: Branding,
    /// The logo's file.
    pub logo: Option<PathBuf>,
}

pub(super) fn read(reader: &mut Reader<'_>, preset: Preset) -> Option<ProvinceSettings> {
    let name = reader.optional_text("province.name_vi");
    let english = reader.optional_text("province.name_en");
    let logo = reader.optional_path("province.logo");
    let is_picture = |path: &PathBuf| {
        let ending = path
            .extension()
            .and_then(|e| e.to_str())
            .map(str::to_ascii_lowercase);
        matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg" | "webp"))
    };
    if logo.as_ref().is_some_and(|path| !is_picture(path)) {
        let right = "a file that ends with .png, .jpg or .webp";
        reader.problem(
            "province.logo",
            "it is none of the accepted kinds of picture",
            right,
        );
    }
    let input = BrandingInput {
        province_name_en: english.or_else(|| name.clone()).unwrap_or_default(),
        province_name_vi: name.clone().unwrap_or_default(),
        logo_url: logo.is_some().then(|| LOGO_PATH.to_owned()),
        primary_colour: reader.text("province.primary_colour"),
        support_text_vi: reader.optional_text("province.support_text_vi"),
        support_text_en: reader.optional_text("province.support_text_en"),
        support_phone: reader.optional_text("province.support_phone"),
        support_mail: reader.optional_text("province.support_mail"),
        danger: (preset == Preset::Certification).then_some(Danger::Certification),
    };
    name?;
    match Branding::parse(input) {
        Ok(branding) => Some(ProvinceSettings { branding, logo }),
        Err(problems) => {
            for problem in problems {
                note(reader, problem);
            }
            None
        }
    }
}

/// A branding problem under the name of its key.
fn note(reader: &mut Reader<'_>, problem: BrandingProblem) {
    let (field, right) = match problem {
        BrandingProblem::Empty(field) => (field, "a text, or leave the key out".to_owned()),
        BrandingProblem::TooLong(field, most) => (field, format!("at most {most} characters")),
        BrandingProblem::ControlCharacter(field) => (field, "one line of text".to_owned()),
        BrandingProblem::Colour => ("primary_colour", "a colour like \"#0b4f8a\"".to_owned()),
        BrandingProblem::LogoElsewhere => ("logo", "a picture file".to_owned()),
        BrandingProblem::Phone => ("support_phone", "a number like \"0200 123 456\"".to_owned()),
        BrandingProblem::Mail => ("support_mail", "an address like \"a@b.example\"".to_owned()),
    };
    let key = match field {
        "province_name_vi" => "province.name_vi".to_owned(),
        "province_name_en" => "province.name_en".to_owned(),
        other => format!("province.{other}"),
    };
    let text = problem.to_string();
    let wrong = text
        .split_once(": ")
        .map_or(text.as_str(), |(_, wrong)| wrong);
    reader.problem(&key, wrong, right);
}
