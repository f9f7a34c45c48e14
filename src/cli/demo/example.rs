//! The example applications that the binary carries.

use anyhow::Context;
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

static EXAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples");

/// An application that `demo` can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Example {
    /// Service requests of a small town
    #[default]
    Town,
    /// Collisions of aircraft with animals, as reported to the aviation authority
    WildlifeStrikes,
}

impl Example {
    /// Name of its folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Town => "town",
            Self::WildlifeStrikes => "wildlife-strikes",
        }
    }

    /// The organisation whose application it is, for the heading.
    pub(super) fn organisation(self) -> &'static str {
        match self {
            Self::Town => "Town of Elmwood",
            Self::WildlifeStrikes => "Wildlife strikes",
        }
    }

    /// Where its maps start: degrees north, degrees east, zoom.
    pub(super) fn map_start(self) -> (f64, f64, u8) {
        match self {
            Self::Town => (44.779, -92.153, 14),
            Self::WildlifeStrikes => (39.8, -98.6, 4),
        }
    }

    /// Writes the application's files below `parent`, as an integrator would have them; returns their folder.
    pub(super) fn unpack(self, parent: &Path) -> anyhow::Result<PathBuf> {
        let target = parent.join(self.name());
        let files =
            EXAMPLES.get_dir(self.name()).with_context(|| format!("this build has no example {}", self.name()))?;
        // A file that this version no longer has must not be applied.
        if target.exists() {
            std::fs::remove_dir_all(&target).with_context(|| format!("could not empty {}", target.display()))?;
        }
        std::fs::create_dir_all(&target).with_context(|| format!("could not create {}", target.display()))?;
        for file in files.files() {
            let path = parent.join(file.path());
            std::fs::write(&path, file.contents()).with_context(|| format!("could not write {}", path.display()))?;
        }
        Ok(target)
    }
}
