//! `mpcloud plugin new`: the files of a plugin that builds and answers a method.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::Failure;

const TEMPLATES: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("templates/Cargo.toml.txt")),
    ("src/lib.rs", include_str!("templates/lib.rs.txt")),
    ("README.md", include_str!("templates/README.md.txt")),
    ("mpcloud.toml", include_str!("templates/mpcloud.toml.txt")),
    (".gitignore", include_str!("templates/gitignore.txt")),
];

/// Writes a new plugin into a folder that is empty or does not exist; gives the files' names.
///
/// # Errors
/// When the name cannot be a plugin's, or the folder is in use.
pub fn write(name: &str, folder: &Path, sdk: Option<&Path>) -> Result<Vec<&'static str>, Failure> {
    check_name(name)?;
    let shown = folder.display();
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::new(format!("{shown} is not empty")).advise("Name another folder with --path."));
    }
    let sdk = match sdk {
        None => format!("\"{}\"", env!("CARGO_PKG_VERSION")),
        Some(sdk) => {
            let sdk = sdk.canonicalize().ok().filter(|sdk| sdk.join("Cargo.toml").is_file());
            let Some(sdk) = sdk else { return Err(Failure::usage("--sdk must name the folder of the crate sdk-plugin")) };
            format!("{{ path = {:?} }}", sdk.display().to_string())
        }
    };
    for (file, template) in TEMPLATES {
        let path = folder.join(file);
        let failed = |e: std::io::Error| Failure::new(format!("cannot write {}: {e}", path.display()));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let text = fill(template, name, &sdk);
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(failed)?;
    }
    Ok(TEMPLATES.map(|(file, _)| file).to_vec())
}

fn check_name(name: &str) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain) && !name.ends_with('-') && name.len() <= 64;
    if !good {
        return Err(Failure::usage(format!("`{name}` cannot be a plugin's name"))
            .advise("A name begins with a lower-case letter and has only lower-case letters, digits and hyphens."));
    }
    Ok(())
}

fn fill(template: &str, name: &str, sdk: &str) -> String {
    let words = name.split('-').filter(|word| !word.is_empty());
    let type_name: String = words
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
        })
        .collect();
    template.replace("{{name}}", name).replace("{{crate}}", &name.replace('-', "_")).replace("{{type}}", &type_name).replace("{{sdk}}", sdk)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_new_plugin_is_complete_and_nothing_is_left_to_fill() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("my-greeting");
        let files = write("my-greeting", &target, None).unwrap();
        for file in &files {
            let text = fs::read_to_string(target.join(file)).unwrap();
            assert!(!text.contains("{{") || file.ends_with(".rs"), "{file}: {text}");
            for placeholder in ["{{name}}", "{{crate}}", "{{type}}", "{{sdk}}"] {
                assert!(!text.contains(placeholder), "{file} has {placeholder}");
            }
        }
        let manifest: toml::Table = toml::from_str(&fs::read_to_string(target.join("Cargo.toml")).unwrap()).unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("my-greeting"));
        assert_eq!(manifest["lib"]["crate-type"][0].as_str(), Some("cdylib"));
        assert_eq!(manifest["dependencies"]["sdk-plugin"].as_str(), Some(env!("CARGO_PKG_VERSION")));
        let code = fs::read_to_string(target.join("src/lib.rs")).unwrap();
        assert!(code.contains("export_plugin!(MyGreeting);") && code.contains("my-greeting.hello"));
        let config = crate::config::Config::parse(&fs::read_to_string(target.join("mpcloud.toml")).unwrap()).unwrap();
        assert_eq!(config.plugins["my-greeting"].library.as_deref(), Some("my_greeting"));
    }

    #[test]
    fn the_sdk_may_be_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let target = folder.path().join("p");
        write("p", &target, Some(folder.path())).unwrap();
        let manifest: toml::Table = toml::from_str(&fs::read_to_string(target.join("Cargo.toml")).unwrap()).unwrap();
        let path = manifest["dependencies"]["sdk-plugin"]["path"].as_str().unwrap();
        assert_eq!(Path::new(path), folder.path().canonicalize().unwrap());
        assert_eq!(write("q", &folder.path().join("q"), Some(&target.join("src"))).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn nothing_is_overwritten_and_names_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine"), "x").unwrap();
        assert!(write("p", folder.path(), None).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        for bad in ["", "A", "1a", "a_b", "a-", "../a", "a b"] {
            assert_eq!(write(bad, &folder.path().join("n"), None).unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}
