import { EngineError } from "../errors.ts";

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** The primary group first, then the others that the user belongs to. */
  readonly additionalGids: readonly number[];
}

const maxId = 0x7f_ff_ff_ff;

/**
 * The user that `text` (`name`, `uid`, `name:group`, `uid:gid`, ...; "" for root) means in a root file system with these
 * `/etc/passwd` and `/etc/group` files, `""` where there is none. A number need not be listed; naming a group leaves the user's other
 * groups out, as in the Docker Engine.
 */
export function resolveUser(text: string, passwdFile: string, groupFile: string): ResolvedUser {
  const [userText = "", groupText = ""] = text.split(":");
  const entry = fieldsOf(passwdFile, 4).find(([name, , uid]) =>
    userText === "" ? uid === "0" : isNumber(userText) ? sameNumber(uid, userText) : name === userText,
  );
  if (entry === undefined && userText !== "" && !isNumber(userText)) {
    throw new EngineError("internal", `unable to find user ${userText}: no matching entries in passwd file`);
  }
  const uid = entry === undefined ? idOf(userText === "" ? "0" : userText) : idOf(entry[2]);
  if (groupText !== "") {
    const gid = groupId(groupText, groupFile);
    return { uid, gid, additionalGids: [gid] };
  }
  const gid = entry === undefined ? 0 : idOf(entry[3]);
  const others = entry === undefined ? [] : groupsOf(entry[0] ?? "", groupFile);
  return { uid, gid, additionalGids: [...new Set([gid, ...others])] };
}

/** The number of a group given by name or number. */
export function groupId(text: string, groupFile: string): number {
  const entry = fieldsOf(groupFile, 3).find(([name, , gid]) =>
    isNumber(text) ? sameNumber(gid, text) : name === text,
  );
  if (entry !== undefined) return idOf(entry[2]);
  if (isNumber(text)) return idOf(text);
  throw new EngineError("internal", `unable to find group ${text}: no matching entries in group file`);
}

const groupsOf = (user: string, groupFile: string): readonly number[] =>
  fieldsOf(groupFile, 4)
    .filter(([, , , members = ""]) => members.split(",").includes(user))
    .map(([, , gid]) => idOf(gid));

/** The lines of a passwd or group file that have at least so many fields. */
const fieldsOf = (file: string, atLeast: number): readonly (readonly string[])[] =>
  file
    .split("\n")
    .map((line) => line.trim().split(":"))
    .filter((fields) => fields.length >= atLeast && !fields[0]?.startsWith("#"));

const isNumber = (text: string): boolean => /^\d+$/.test(text);
const sameNumber = (left: string | undefined, right: string): boolean => Number(left) === Number(right);

function idOf(text: string | undefined): number {
  const id = Number(text);
  if (Number.isInteger(id) && id >= 0 && id <= maxId) return id;
  throw new EngineError("invalid", `uids and gids must be in range 0-${maxId}`);
}
