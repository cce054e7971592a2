#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| patina_fuzz::loans(bytes));
