import { Upload } from 'lucide-react'
import { useRef } from 'react'
import { useActions } from '../actions/useActions'
import { Button } from '../ui/Button'
import { Menu, MenuItem } from '../ui/Menu'
import { useUpload } from './useUpload'

/** Files or a folder of the desktop, for those who do not drag. */
export function UploadButton({ icon = false }: { icon?: boolean }) {
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const { upload, confirm } = useUpload()
  useActions({
    'files.upload': () => files.current?.click(),
    'files.uploadFolder': () => folder.current?.click(),
  })
  const chosen = (input: HTMLInputElement) => {
    if (input.files !== null && input.files.length > 0) upload(input.files, '')
    // Choosing the same file once more is no change to the browser otherwise.
    input.value = ''
  }
  return (
    <>
      <Menu
        align="start"
        trigger={
          icon ? (
            <button type="button" className="icon-button" aria-label="Upload">
              <Upload />
            </button>
          ) : (
            <Button>Upload…</Button>
          )
        }
      >
        <MenuItem onSelect={() => files.current?.click()}>Upload files…</MenuItem>
        <MenuItem onSelect={() => folder.current?.click()}>Upload a folder…</MenuItem>
      </Menu>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label="Files"
        onChange={(event) => chosen(event.currentTarget)}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="Folder"
        {...{ webkitdirectory: '' }}
        onChange={(event) => chosen(event.currentTarget)}
      />
      {confirm}
    </>
  )
}
