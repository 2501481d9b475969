//! What a line of ha.cf that is refused was meant to be.

use crate::conf_lines;
use crate::ha_cf;

/// The line with ordinary characters, the directive as it is written, and times
/// as Heartbeat takes them; `None` where that changes nothing. Whether the
/// result is any better is for the reader of ha.cf to say.
pub fn mend(line: &[u8]) -> Option<Vec<u8>> {
    let end = line.iter().position(|byte| *byte == b'#').unwrap_or(line.len());
    let (code, comment) = line.split_at(end);
    let text = std::str::from_utf8(code).ok()?;
    let plain = conf_lines::plain(text).replace(['"', '\''], "");
    let (first, rest) = plain.trim().split_once([' ', '\t', '=', ':', ',']).unwrap_or((plain.trim(), ""));
    let directive = ha_cf::meant(first)?;
    let values = rest.trim_start_matches([' ', '\t', '=', ':']);
    let words: Vec<&str> = values.split_whitespace().collect();
    let time = if ha_cf::is_time(directive) { ha_cf::plain_time(&words) } else { None };
    let values = time.as_deref().unwrap_or(values);
    let mut mended = format!("{directive} {values}").trim_end().to_owned();
    if mended == text.trim() {
        return None;
    }
    if !comment.is_empty() {
        mended.push('\t');
    }
    Some([mended.as_bytes(), comment].concat())
}
