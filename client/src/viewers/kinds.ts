import { extension } from '../lib/paths'

/** How a file that is not text is shown. */
export type Viewer = 'image' | 'pdf' | 'sound' | 'film' | 'none'

const viewers: Record<Exclude<Viewer, 'none'>, readonly string[]> = {
  image: ['png', 'apng', 'jpg', 'jpeg', 'gif', 'webp', 'avif', 'bmp', 'ico', 'svg'],
  pdf: ['pdf'],
  sound: ['mp3', 'wav', 'ogg', 'oga', 'opus', 'flac', 'm4a', 'aac'],
  film: ['mp4', 'm4v', 'webm', 'ogv', 'mov'],
}

const names: Record<string, string> = {
  png: 'PNG image',
  apng: 'PNG image',
  jpg: 'JPEG image',
  jpeg: 'JPEG image',
  gif: 'GIF image',
  webp: 'WebP image',
  avif: 'AVIF image',
  bmp: 'Bitmap image',
  ico: 'Icon',
  svg: 'SVG drawing',
  pdf: 'PDF document',
  zip: 'Zip archive',
  gz: 'Compressed file',
  xz: 'Compressed file',
  tar: 'Archive',
  xlsx: 'Spreadsheet',
  docx: 'Text document (Word)',
  pptx: 'Presentation',
  odt: 'Text document',
  ods: 'Spreadsheet',
  odp: 'Presentation',
  epub: 'Book',
  woff2: 'Font',
  ttf: 'Font',
  otf: 'Font',
  sqlite: 'Database',
  parquet: 'Data (Parquet)',
  wasm: 'Program (WebAssembly)',
}

export function viewerOf(name: string): Viewer {
  const type = extension(name)
  for (const [viewer, types] of Object.entries(viewers)) if (types.includes(type)) return viewer as Viewer
  return 'none'
}

/** What a file is, in a word or two. */
export function kindOf(name: string, mediaType: string | null | undefined): string {
  const type = extension(name)
  const viewer = viewerOf(name)
  if (names[type] !== undefined) return names[type]
  if (viewer === 'sound') return `Sound (${type})`
  if (viewer === 'film') return `Film (${type})`
  return mediaType === undefined || mediaType === null || mediaType === 'application/octet-stream'
    ? 'Binary file'
    : mediaType
}
