import { encodePath } from '../lib/paths'

/** How references inside a text become addresses of the app. */
export interface Surroundings {
  /** Path of the file that holds the text; "" for a message that is in no file. */
  path: string
  /** Address of the page of a file, for links. */
  pageUrl: (path: string) => string
  /** Address of the bytes of a file, for images. */
  fileUrl: (path: string) => string
}

export const workspaceSurroundings = (workspace: string, path: string): Surroundings => ({
  path,
  pageUrl: (file) => `/w/${encodeURIComponent(workspace)}/${encodePath(file)}`,
  fileUrl: (file) => `/api/workspaces/${encodeURIComponent(workspace)}/files/${encodePath(file)}`,
})
