#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| civic_os_fuzz::heads(data));

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("built without the fuzzer; see docs/api.md");
}
