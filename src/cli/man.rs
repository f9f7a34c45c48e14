//! `civic-os man`: the manual page, one for all verbs.

use super::{AFTERWORDS, Cli, Exit};
use clap::{Command, CommandFactory};
use std::fmt::Write as _;

/// Print the manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os man | man -l -
  civic-os man > /usr/local/share/man/man1/civic-os.1")]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args) -> anyhow::Result<Exit> {
    // The sections after the help text become sections of the page.
    let page = clap_mangen::Man::new(Cli::command().after_help(""));
    let mut bytes = Vec::new();
    page.render_title(&mut bytes)?;
    page.render_name_section(&mut bytes)?;
    page.render_synopsis_section(&mut bytes)?;
    page.render_description_section(&mut bytes)?;
    page.render_options_section(&mut bytes)?;
    let mut text = String::from(".SH VERBS\n");
    let mut command = Cli::command();
    command.build();
    verbs(&command, &mut text);
    for (title, afterword) in AFTERWORDS {
        let _ = writeln!(text, ".SH \"{}\"", escaped(&title.to_uppercase()));
        verbatim(afterword, &mut text);
    }
    bytes.extend_from_slice(text.as_bytes());
    say!("{}", String::from_utf8_lossy(&bytes).trim_end());
    Ok(Exit::Done)
}

/// Each verb with what its `--help` says.
fn verbs(command: &Command, text: &mut String) {
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let mut verb = verb.clone();
        if verb.has_subcommands() {
            verbs(&verb, text);
        } else {
            let help = verb.render_long_help().to_string();
            let name = verb.get_bin_name().unwrap_or(verb.get_name());
            let _ = writeln!(text, ".SS \"{}\"", escaped(name));
            verbatim(&help, text);
        }
    }
}

fn verbatim(lines: &str, text: &mut String) {
    text.push_str(".nf\n");
    for line in lines.lines() {
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        let _ = writeln!(text, "{guard}{}", escaped(line));
    }
    text.push_str(".fi\n");
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
