// Files from the form into the store and back onto the page: public objects and private ones.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertAccessible, assertQuiet, open, screenshot, settled, signIn, visitor } from './browser.mjs'
import { LIMITED } from './limited.mjs'

const TITLE = 'Lamp with a picture'

export function fileTests(world) {
  for (const visibility of ['public', 'private']) {
    describe(`${visibility} files`, { concurrency: 1 }, () => {
      const variables = visibility === 'private' ? LIMITED : {}
      const arrive = async () => visitor(await world.browser(), (await world.demo('town', variables)).url)

      test(`a ${visibility} photo is refused, taken, shown small and large, and downloaded`, async () => {
        const page = await arrive()
        await signIn(page, 'resident')
        await open(page, '/create/service_requests')
        await page.getByLabel('Title').fill(TITLE)
        await page.getByLabel('Category').selectOption({ label: 'Potholes and road surface' })
        await page.getByLabel('Neighbourhood').selectOption({ label: 'Old Town' })
        await page.getByLabel('Description').fill('It can be seen in the picture.')
        const chooser = page.getByLabel('Photo', { exact: true })
        await chooser.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') })
        await page.getByText('Please choose a picture.').waitFor()
        const picture = await page.screenshot({ type: 'jpeg' })
        // The connection goes while it is sent: the file stays chosen, and Try again is enough.
        let cut = true
        await page.route(
          (url) => url.pathname.endsWith('.jpg') || url.pathname.includes('lamp'),
          (route) =>
            cut && route.request().method() === 'PUT' ? route.abort('internetdisconnected') : route.fallback(),
        )
        await chooser.setInputFiles({ name: 'lamp.jpg', mimeType: 'image/jpeg', buffer: picture })
        await page.getByText('lamp.jpg was not uploaded: no connection. The file is still chosen.').first().waitFor()
        cut = false
        await page.getByRole('button', { name: 'Try again' }).click()
        await page.getByRole('button', { name: /^Remove.*lamp\.jpg/ }).waitFor()
        await screenshot(page, `files-${visibility}-form`)
        await page.getByRole('button', { name: 'Save', exact: true }).click()
        await page.waitForURL(/\/view\/service_requests\/\d+/)
        await settled(page)

        const opener = page.getByRole('button', { name: 'Open Photo: lamp.jpg' })
        const drawn = () => {
          const image = document.querySelector('.co-thumbnail')
          return image instanceof HTMLImageElement && image.complete && image.naturalWidth === 400
        }
        // The preview is made by a job; the page of a record does not wait for it.
        const limit = Date.now() + 30_000
        while (!(await page.evaluate(drawn)) && Date.now() < limit) {
          await page.reload()
          await settled(page)
        }
        assert.ok(await page.evaluate(drawn), 'the preview is shown')
        await screenshot(page, `files-${visibility}-record`)
        await opener.click()
        const dialog = page.getByRole('dialog')
        await dialog.getByRole('img', { name: 'lamp.jpg' }).waitFor()
        await page.waitForFunction(() => document.querySelector('.co-viewer img')?.naturalWidth === 800)
        await dialog.getByRole('button', { name: 'Actual size' }).click()
        await page.waitForFunction(() => document.querySelector('.co-viewer img')?.naturalWidth === 1280)
        await screenshot(page, `files-${visibility}-viewer`)
        await assertAccessible(page, 'the viewer of files')
        const [saved] = await Promise.all([
          page.waitForEvent('download'),
          dialog.getByRole('button', { name: 'Download' }).click(),
        ])
        assert.equal(saved.suggestedFilename(), 'lamp.jpg')

        // Whoever knows the address but is nobody here: a public object is read, a private one is not.
        const shown = await page.locator('.co-viewer img').getAttribute('src')
        const plain = shown.split('?')[0]
        assert.equal((await fetch(plain)).status, visibility === 'private' ? 403 : 200)
        assert.equal((await fetch(shown)).status, 200)
        assertQuiet(page)
        await page.context().close()
      })
    })
  }
}
