// ssh's ProxyCommand: joins the socket of a running command to stdin and stdout, and does nothing else.
//
// ssh starts it for every connection, so it is plain JavaScript without any import but Node's own.
import { connect } from "node:net";

const socket = connect(process.argv[2]);
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.on("error", () => process.exit(1)); // the command behind the socket says what happened
socket.on("close", () => process.stdin.destroy());
process.stdout.on("error", () => socket.destroy()); // ssh is gone
