"""Texts that are hard to count, and how the calculator is asked about them."""

TEXTS = [
    "", "a", "a" * 160, "a" * 161, "a" * 306, "a" * 307, "a" * 1530,
    "€" * 80, "€" * 81, "a" * 159 + "€", "a" * 152 + "€" + "a" * 152, "a" * 153 + "€" + "a" * 151,
    "{[]}~^|\\€\f", "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ", "ç", "`", "\t", "Ça va, ça vient",
    "“curly”", "don’t", "a–b", "…",
    "я" * 70, "я" * 71, "я" * 134, "я" * 135, "العربية " * 9, "हिन्दी नमस्ते " * 6, "日本語" * 24, "한국어" * 23,
    "👍" * 35, "👍" * 36, "a" * 66 + "👍" + "a" * 66, "a" * 69 + "👍", "a" * 67 + "👍" + "a" * 66,
    "👨‍👩‍👧‍👦" * 6, "a" * 66 + "👨‍👩‍👧" + "b" * 60, "👍🏽" * 20, "🇳🇱" * 20, "a" * 65 + "🇳🇱🇧🇪" + "a" * 60,
    "e\u0301" * 40, "a" * 66 + "e\u0301" + "b" * 66, "❤️" * 40, "🏳️‍🌈" * 12, "1️⃣" * 25,
    "line\r\nline", "x" * 159 + "\r\n", "x" * 152 + "\r\n" + "x" * 152, "{" * 70 + "ы",
    "Actie: dinsdag 1 dec 18:00, tijd in Amsterdam. Antwoord UIT als je uit bent.",
]  # fmt: skip

ASK = """
const {SegmentedMessage} = require('sms-segments-calculator');
const texts = JSON.parse(require('fs').readFileSync(0));
console.log(JSON.stringify(texts.map(t => { const m = new SegmentedMessage(t);
  return [m.encodingName, m.segmentsCount]; })));
"""
