/**
 * The legal tree of a workspace, as the server sees it: the twin of collab/tree/rule.py and collab/tree/paths.py, where
 * each rule has its reason. tests/vectors/tree.json holds both to the same answers; change neither alone.
 */

export type Kind = 'folder' | 'text' | 'binary'

export interface TreeNode {
  readonly id: string
  readonly kind: Kind
  /** Id of the folder, null at the root. */
  readonly parent: string | null
  readonly name: string
  readonly path: string
}

/** A node that was deleted itself; what it holds comes back with it. */
export interface TrashedNode {
  readonly id: string
  readonly kind: Kind
  readonly name: string
  /** As some client wrote it: RFC 3339 by convention, any string in truth. */
  readonly deletedAt: string
}

export interface Tree {
  /** Every visible node by id; a folder comes before what it holds. */
  readonly nodes: ReadonlyMap<string, TreeNode>
  readonly trash: ReadonlyMap<string, TrashedNode>
  readonly byPath: ReadonlyMap<string, TreeNode>
  /** By id of the folder; null is the root. A folder without children is not a key. */
  readonly children: ReadonlyMap<string | null, readonly TreeNode[]>
}

export const MAX_PATH_BYTES = 900
export const MAX_NAME_BYTES = 255
/** How many times as long as in NFC a name may be that is put into NFC. */
const MAX_SHRINKING = 3

const UNNAMED = 'untitled'
const NODE_ID = /^[0-9a-f]{32}$/
// eslint-disable-next-line no-control-regex
const ILLEGAL = /[\u0000-\u001f\u007f-\u009f/\\\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
const LONE_SURROGATE = /\p{Surrogate}/gu
const EXTENSION = /\.[A-Za-z0-9_+-]{1,15}$/

interface RawNode {
  readonly name: unknown
  readonly parent: unknown
  readonly kind: Kind
  readonly deletedAt: string | null
}

/** The entries of the shared map `nodes`, whose values are Y.Map, Map or plain objects, mapped to the legal tree. */
export function legalTree(raw: Iterable<readonly [string, unknown]>): Tree {
  const read: [string, RawNode][] = []
  for (const [id, value] of raw) {
    const node = NODE_ID.test(id) ? readNode(value) : null
    if (node !== null) read.push([id, node])
  }
  read.sort(([a], [b]) => (a < b ? -1 : 1))
  const nodes = new Map(read)
  const trash = new Map<string, TrashedNode>()
  const inside = new Map<string | null, string[]>()
  const parents = legalParents(nodes)
  for (const [id, { kind, name, deletedAt }] of nodes) {
    if (deletedAt !== null) trash.set(id, { id, kind, name: legalName(name), deletedAt })
    else append(inside, parents.get(id) ?? null, id)
  }
  const placed = new Placement(nodes, inside).place()
  const byPath = new Map<string, TreeNode>()
  const children = new Map<string | null, TreeNode[]>()
  for (const node of placed.values()) {
    byPath.set(node.path, node)
    append(children, node.parent, node)
  }
  return { nodes: placed, trash, byPath, children }
}

/** `name`, numbered if something in `folder` already has it. */
export function freeName(tree: Tree, folder: string | null, name: string, kind: Kind): string {
  return new Names((tree.children.get(folder) ?? []).map((child) => child.name)).claim(name, kind)
}

/** The name under which a node is shown whose `name` is anything at all; a legal name in NFC stays as it is. */
export function legalName(name: unknown): string {
  if (typeof name !== 'string' || name === '') return UNNAMED
  const clean = name.replace(LONE_SURROGATE, '\ufffd').replace(ILLEGAL, '_')
  if (clean === '.' || clean === '..') return '_'.repeat(clean.length)
  return shortened(shortened(clean, MAX_SHRINKING * MAX_NAME_BYTES).normalize('NFC'), MAX_NAME_BYTES)
}

/** Why people may not give this name, as a sentence; null when they may. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'A name cannot be empty.'
  if (name === '.' || name === '..') return `A file cannot be named “${name}”.`
  if (name.search(ILLEGAL) >= 0) return 'A name cannot hold control characters, slashes or backslashes.'
  if (name.search(LONE_SURROGATE) >= 0) return 'The name is not valid Unicode.'
  const written = byteLength(name)
  const size = written > MAX_SHRINKING * MAX_NAME_BYTES ? written : byteLength(name.normalize('NFC'))
  return size > MAX_NAME_BYTES ? `The name has ${size} bytes; ${MAX_NAME_BYTES} are allowed.` : null
}

function readNode(value: unknown): RawNode | null {
  const field = fieldReader(value)
  if (field === null) return null
  const kind = field('kind')
  const deletedAt = field('deleted_at')
  return {
    name: field('name'),
    parent: field('parent'),
    kind: kind === 'folder' || kind === 'text' ? kind : 'binary',
    deletedAt: typeof deletedAt === 'string' ? deletedAt : null,
  }
}

function fieldReader(value: unknown): ((key: string) => unknown) | null {
  if (typeof value !== 'object' || value === null) return null
  if ('get' in value && typeof value.get === 'function' && 'has' in value && typeof value.has === 'function') {
    const map = value as { get(key: string): unknown }
    return (key) => map.get(key)
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  // Not Object.prototype: a hostile "__proto__" entry must neither hide a node nor lend it fields.
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return null
  if (prototype !== null && typeof prototype !== 'object') return null
  const record = value as Record<string, unknown>
  return (key) => (Object.hasOwn(record, key) ? record[key] : undefined)
}

function legalParents(nodes: ReadonlyMap<string, RawNode>): Map<string, string | null> {
  const parents = new Map<string, string | null>()
  for (const [id, { parent }] of nodes) {
    const known = typeof parent === 'string' && parent !== id && nodes.get(parent)?.kind === 'folder'
    parents.set(id, known ? parent : null)
  }
  const settled = new Set<string>()
  for (const id of nodes.keys()) {
    const chain = new Set<string>()
    let at: string | null = id
    while (at !== null && !settled.has(at) && !chain.has(at)) {
      chain.add(at)
      at = parents.get(at) ?? null
    }
    if (at !== null && chain.has(at)) {
      const way = [...chain]
      const ring = way.slice(way.indexOf(at))
      parents.set(
        ring.reduce((a, b) => (a < b ? a : b)),
        null,
      )
    }
    for (const seen of chain) settled.add(seen)
  }
  return parents
}

/** The names that are taken in one folder. */
class Names {
  private readonly taken: Set<string>
  private readonly next = new Map<string, number>()

  constructor(taken: Iterable<string>) {
    this.taken = new Set(taken)
  }

  claim(name: string, kind: Kind): string {
    if (!this.taken.has(name)) {
      this.taken.add(name)
      return name
    }
    const [whole, extension] = kind === 'folder' ? [name, ''] : splitExtension(name)
    const stem = cut(whole, MAX_NAME_BYTES - extension.length - ' (99999999)'.length)
    const key = `${stem}/${extension}` // no name holds a slash
    let number = this.next.get(key) ?? 2
    let candidate = `${stem} (${number})${extension}`
    while (this.taken.has(candidate)) candidate = `${stem} (${++number})${extension}`
    this.next.set(key, number + 1)
    this.taken.add(candidate)
    return candidate
  }
}

/** Names and places the visible nodes, breadth first from the root. */
class Placement {
  private readonly placed = new Map<string, TreeNode>()
  private readonly folders: [string | null, string][] = [[null, '']]
  private readonly tooLong: string[] = []
  private readonly nodes: ReadonlyMap<string, RawNode>
  private readonly inside: ReadonlyMap<string | null, readonly string[]>

  constructor(nodes: ReadonlyMap<string, RawNode>, inside: ReadonlyMap<string | null, readonly string[]>) {
    this.nodes = nodes
    this.inside = inside
  }

  place(): Map<string, TreeNode> {
    const root = this.fillNext() ?? new Names([])
    let lifted = 0
    for (;;) {
      while (this.fillNext() !== null) continue
      const id = this.tooLong[lifted++]
      const node = id === undefined ? undefined : this.nodes.get(id)
      if (id === undefined || node === undefined) return this.placed
      this.put(id, node.kind, null, '', root.claim(legalName(node.name), node.kind))
    }
  }

  private filled = 0

  private fillNext(): Names | null {
    const next = this.folders[this.filled++]
    if (next === undefined) {
      this.filled--
      return null
    }
    const [folder, prefix] = next
    const wanted: [string, Kind, string][] = []
    for (const id of this.inside.get(folder) ?? []) {
      const node = this.nodes.get(id)
      if (node !== undefined) wanted.push([id, node.kind, legalName(node.name)])
    }
    const names = new Names(wanted.map(([, , name]) => name))
    const kept = new Set<string>()
    for (const [id, kind, chosen] of wanted) {
      const name = kept.has(chosen) ? names.claim(chosen, kind) : chosen
      kept.add(chosen)
      if (byteLength(prefix + name) > MAX_PATH_BYTES) this.tooLong.push(id)
      else this.put(id, kind, folder, prefix, name)
    }
    return names
  }

  private put(id: string, kind: Kind, parent: string | null, prefix: string, name: string): void {
    const path = prefix + name
    this.placed.set(id, { id, kind, parent, name, path })
    if (kind === 'folder') this.folders.push([id, `${path}/`])
  }
}

function splitExtension(name: string): [stem: string, extension: string] {
  const start = name.search(EXTENSION)
  return start <= 0 ? [name, ''] : [name.slice(0, start), name.slice(start)]
}

/** `name`, cut to `size` bytes in UTF-8 before its extension. */
function shortened(name: string, size: number): string {
  if (byteLength(name) <= size) return name
  const [stem, extension] = splitExtension(name)
  return cut(stem, size - extension.length) + extension
}

/** The longest beginning of `text` that has at most `size` bytes in UTF-8. */
function cut(text: string, size: number): string {
  if (text.length * 3 <= size) return text
  let bytes = 0
  let end = 0
  for (const char of text) {
    bytes += charBytes(char.codePointAt(0) ?? 0)
    if (bytes > size) return text.slice(0, end)
    end += char.length
  }
  return text
}

function byteLength(text: string): number {
  let bytes = 0
  for (const char of text) bytes += charBytes(char.codePointAt(0) ?? 0)
  return bytes
}

function charBytes(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
