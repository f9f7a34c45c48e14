//! Signatures against Stripe's own Python library, in both directions (`./dev test --with stripe-python`, which names its interpreter
//! in CIVIC_OS_TEST_PYTHON).

use civic_os::config::Secret;
use civic_os::payments::{Secrets, TOLERANCE};
use std::process::Command;

const SECRET: &str = "whsec_of_both_sides";

fn python(program: &str, arguments: &[&str]) -> (bool, String) {
    let interpreter = std::env::var("CIVIC_OS_TEST_PYTHON").expect("CIVIC_OS_TEST_PYTHON");
    let output = Command::new(interpreter).arg("-c").arg(program).args(arguments).output().expect("run Python");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
#[ignore = "stripe-python"]
fn each_side_takes_what_the_other_signed() {
    let secrets = Secrets::new(&Secret::new(SECRET));
    let now = crate::support::tokens::now();
    let check = "import sys, stripe; stripe.Webhook.construct_event(sys.argv[1], sys.argv[2], sys.argv[3])";
    let generate = "import sys, stripe; t = sys.argv[3]; print('t=%s,v1=%s' % (t, stripe.WebhookSignature._compute_signature('%s.%s' % (t, sys.argv[1]), sys.argv[2])))";
    for body in
        [r#"{"id":"evt_1","object":"event"}"#, r#"{"id": "evt_2", "object": "event", "note": "Zürich – 漢字 \u0007"}"#]
    {
        let ours = secrets.sign(body.as_bytes(), now).expect("signed");
        let (taken, text) = python(check, &[body, &ours, SECRET]);
        assert!(taken, "the library refuses ours: {text}");
        let (taken, _) = python(check, &[body, &ours, "whsec_other"]);
        assert!(!taken, "the library takes a forged one");
        let (made, theirs) = python(generate, &[body, SECRET, &now.to_string()]);
        assert!(made, "{theirs}");
        assert_eq!(theirs.trim(), ours, "the same header");
        assert_eq!(secrets.verify(theirs.trim(), body.as_bytes(), now, TOLERANCE), Ok(now));
    }
}
