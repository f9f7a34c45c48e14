//! `civic-os completions`: scripts by which a shell completes verbs and flags.

use super::{Cli, Exit};
use clap::{Command, CommandFactory};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os completions bash > /etc/bash_completion.d/civic-os
  civic-os completions zsh > ~/.zfunc/_civic-os
  civic-os completions fish > ~/.config/fish/completions/civic-os.fish")]
pub(crate) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut offered(), "civic-os", &mut script);
    // The generator for bash writes the hyphen of a program's name in two ways, so that a verb of a verb is never found.
    let script = String::from_utf8_lossy(&script).replace("civic__subcmd__os", "civic__os");
    say!("{}", script.trim_end());
    Ok(Exit::Done)
}

/// The command without its hidden verbs: the generators offer every verb that they are given.
fn offered() -> Command {
    let whole = Cli::command();
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned();
    Command::new("civic-os").version(env!("CARGO_PKG_VERSION")).args(whole.get_arguments().cloned()).subcommands(verbs)
}
