// What a login on a sandbox instance starts with: the person's own shell, in a HOME that belongs to the sandbox.
import { userInfo } from "node:os";

export interface Login {
  /** The person's login shell on this computer. */
  readonly shell: string;
  /** Directory of the sandbox, and where every program starts. */
  readonly home: string;
  /** The whole environment; nothing of the sandbox's own (endpoint, keys) gets in. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Locale and colour are the client's to choose, as in the `AcceptEnv` of the usual sshd. */
const ACCEPTED_VARIABLE = /^(LANG|LC_[A-Z]+|COLORTERM|NO_COLOR)$/;

/** The login of the person who runs the sandbox, at home in `home`. */
export function loginAt(home: string): Login {
  const { username, shell } = userInfo();
  const loginShell = shell === null || shell === "" ? "/bin/sh" : shell;
  const environment = {
    HOME: home,
    LANG: process.env["LANG"] ?? "C.UTF-8",
    LOGNAME: username,
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    SHELL: loginShell,
    USER: username,
  };
  return { shell: loginShell, home, environment };
}

/** The login with one more variable, if it is one that a client may set. */
export function withVariable(login: Login, name: string, value: string): Login {
  if (!ACCEPTED_VARIABLE.test(name)) return login;
  return { ...login, environment: { ...login.environment, [name]: value } };
}
