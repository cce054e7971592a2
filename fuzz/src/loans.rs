//! What IPAM endpoints answer: protobuf messages, and the ids and addresses in them.

use patina::lending::{Claim, Mark, read_address, read_list, words};
use prost::Message;

/// The very messages that the controller reads.
#[path = "../../controller/src/ipam/wire.rs"]
#[expect(dead_code, reason = "requests are written and never read")]
mod wire;

/// Reads the bytes as each answer, and as each text in one.
pub fn loans(bytes: &[u8]) {
    text(&String::from_utf8_lossy(bytes));
    if let Ok(answer) = wire::AllocateResponse::decode(bytes) {
        text(&answer.address);
    }
    if let Ok(page) = wire::ListResponse::decode(bytes) {
        list(&page);
        let again = wire::ListResponse::decode(page.encode_to_vec().as_slice());
        assert_eq!(again, Ok(page), "what was read is written and read again");
    }
}

fn text(text: &str) {
    if let Some(claim) = Claim::read(text) {
        assert_eq!(claim.to_string(), text, "one id names one loan");
    }
    if let Ok(address) = read_address(text) {
        assert_eq!(read_address(&address.to_string()), Ok(address), "an address is read as it is written");
    }
    assert!(!words(text).contains(char::is_control), "what is passed on stands on one line");
}

/// Of whichever installation the first loan is: what is taken from the list stands in it, and is of that installation.
fn list(page: &wire::ListResponse) {
    let Some(first) = page.loans.iter().find_map(|loan| Claim::read(&loan.id)) else { return };
    let mark: Mark = first.mark;
    let entries = || page.loans.iter().map(|loan| (loan.id.as_str(), loan.address.as_str()));
    for (loan, address) in read_list(entries(), &mark) {
        let id = Claim { mark: mark.clone(), loan }.to_string();
        let stands = entries().any(|(listed, at)| listed == id && at.parse() == Ok(address));
        assert!(stands, "{id} is not in the list");
    }
}
