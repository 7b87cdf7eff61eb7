// Draws texts as QR codes on the command line; prints a JSON list of squares.

import { qr } from "../../union/ballots/static/qr.mjs";

process.stdout.write(JSON.stringify(process.argv.slice(2).map(qr)));
