// Paying in the sandbox: a resident pays for dogs (declined, by way of the bank, at once), the office gives money back.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import {
  assertAccessible,
  assertCards,
  assertNoSidewaysScroll,
  assertQuiet,
  open,
  PHONE,
  screenshot,
  settled,
  signIn,
  townVisitor,
} from './browser.mjs'

export function paymentTests(world) {
  describe('payments', { concurrency: 1 }, () => {
    const arrive = townVisitor(world)

    /** A licence for a dog of this name; the page is its record. */
    const apply = async (page, name) => {
      await open(page, '/create/dog_licences')
      await page.getByLabel('Name of the dog').fill(name)
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.waitForURL(/\/view\/dog_licences\/\d+$/)
      await settled(page)
    }
    const dialogOf = async (page, name) => {
      const dialog = page.getByRole('dialog', { name: `Pay: ${name}` })
      await dialog.getByLabel('Card number').waitFor()
      return dialog
    }
    const payWith = async (dialog, card) => {
      await dialog.getByLabel('Card number').fill(card)
      await dialog.getByRole('button', { name: 'Pay $19.99' }).click()
    }

    test('a declined card is told and another one pays; the record and the receipt show it', async () => {
      const page = await arrive()
      const strangers = []
      const own = new URL((await world.demo('town')).url).host
      page.on('request', (request) => {
        if (new URL(request.url()).host !== own) strangers.push(request.url())
      })
      await signIn(page, 'resident')
      await apply(page, 'Bello')
      await screenshot(page, 'payment-record-unpaid')
      await page.getByRole('button', { name: 'Pay now' }).click()
      const dialog = await dialogOf(page, 'Bello')
      await dialog.getByText('Practice mode: no real card, no money.').waitFor()
      await screenshot(page, 'payment-form')
      await assertAccessible(page, 'payment dialog')

      await payWith(dialog, '4000 0000 0000 0002')
      await dialog.getByText('The payment was declined: Your card was declined.').waitFor()
      await screenshot(page, 'payment-declined')
      assert.equal(await dialog.getByLabel('Card number').inputValue(), '4000 0000 0000 0002', 'what was typed stays')

      await payWith(dialog, '4242 4242 4242 4242')
      await dialog.getByText('Paid. Thank you.').waitFor()
      assert.deepEqual(strangers, [], 'the sandbox needs nobody else, Stripe’s script least of all')
      await dialog.getByRole('button', { name: 'Print receipt' }).waitFor()
      await screenshot(page, 'payment-paid')
      await dialog.getByRole('button', { name: 'Close' }).last().click()
      await settled(page)
      await page.getByText('$19.99 - Paid').first().waitFor()
      assert.equal(
        await page.getByRole('button', { name: /^Pay now|^Complete payment/ }).count(),
        0,
        'paid once is enough',
      )
      await screenshot(page, 'payment-record-paid')

      await page.getByRole('link', { name: 'Show receipt' }).click()
      await page.getByRole('heading', { level: 1, name: 'Receipt' }).waitFor()
      await settled(page)
      const receipt = page.locator('.co-pay-receipt')
      for (const text of [/^Dog licence \d{4} for Bello$/, '$19.99', /^pi_sandbox_/]) {
        await receipt.getByText(text).waitFor()
      }
      await screenshot(page, 'payment-receipt')
      await assertAccessible(page, 'receipt')
      await page.emulateMedia({ media: 'print' })
      await screenshot(page, 'payment-receipt-print')
      await page.emulateMedia({ media: 'screen' })
      await page.setViewportSize(PHONE)
      await screenshot(page, 'payment-receipt-phone')
      await assertNoSidewaysScroll(page, 'receipt')
      assertQuiet(page)
      await page.context().close()
    })

    test('the bank refuses, then confirms, and sends the payer back', async () => {
      const page = await arrive({ viewport: PHONE })
      await signIn(page, 'resident')
      await apply(page, 'Luna')
      await page.getByRole('button', { name: 'Pay now' }).click()
      let dialog = await dialogOf(page, 'Luna')
      await assertNoSidewaysScroll(page, 'payment dialog')
      await payWith(dialog, '4000 0000 0000 3220')
      await dialog.getByText('Your bank wants to confirm this payment.').waitFor()
      await screenshot(page, 'payment-asks-the-bank')
      await dialog.getByRole('link', { name: 'Go to the bank' }).click()
      await page.getByRole('heading', { name: 'Your bank' }).waitFor()
      await page.getByText('is this payment of 19.99 USD yours?').waitFor()
      await screenshot(page, 'payment-bank')
      await page.getByRole('button', { name: 'No, refuse' }).click()
      await page.waitForURL(/\/payment-success\?.*redirect_status=failed/)
      await page.getByText('The payment was declined: We could not confirm the payment with your bank.').waitFor()
      await screenshot(page, 'payment-returned-declined')

      // Another attempt at the same record; the first one can no longer be paid.
      await page.getByRole('link', { name: 'Open the record' }).click()
      await settled(page)
      await page.getByRole('button', { name: 'Pay now' }).click()
      dialog = await dialogOf(page, 'Luna')
      await payWith(dialog, '4000 0000 0000 3220')
      await dialog.getByRole('link', { name: 'Go to the bank' }).click()
      await page.getByRole('button', { name: 'Yes, confirm' }).click()
      await page.waitForURL(/\/payment-success\?.*redirect_status=succeeded/)
      await page.getByRole('heading', { level: 1, name: 'Receipt' }).waitFor()
      await page.getByText('Paid. Thank you.').waitFor()
      await screenshot(page, 'payment-returned-paid')
      await page.getByRole('link', { name: 'Open the record' }).click()
      await settled(page)
      await page.getByText('$19.99 - Paid').first().waitFor()
      assertQuiet(page)
      await page.context().close()
    })

    test('payments are for those who may see them', async () => {
      const page = await arrive()
      await signIn(page, 'resident')
      await open(page, '/admin/payments')
      assert.equal(await page.getByRole('table').count(), 0)
      assert.equal(await page.getByRole('button', { name: 'Export as CSV' }).count(), 0)
      await screenshot(page, 'payments-refused')
      await page.context().close()
    })

    test('the office finds, exports and refunds', async () => {
      const page = await arrive()
      await signIn(page, 'admin')
      await open(page, '/admin/payments')
      await page.getByRole('columnheader', { name: 'Date' }).waitFor()
      await screenshot(page, 'payments-list')
      await assertCards(page, 'payments')
      await assertAccessible(page, 'payments')

      // Search and filter.
      const rows = page.getByRole('table').getByRole('row')
      await page.getByLabel('Description or e-mail').fill('Bello')
      await page.getByLabel('Description or e-mail').press('Enter')
      await page.getByText('1–1 of 1', { exact: true }).waitFor()
      await page.getByLabel('State').selectOption({ label: 'Failed' })
      await page.getByText('No payments match.').waitFor()
      await page.getByLabel('State').selectOption({ label: 'Paid' })
      await page.getByText('1–1 of 1', { exact: true }).waitFor()

      // A refund: too much, without a reason, then right.
      await rows
        .nth(1)
        .getByRole('button', { name: /^Refund of Dog licence \d{4} for Bello/ })
        .click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('Left to refund: $19.99').waitFor()
      await dialog.getByLabel('Amount').fill('20')
      await dialog.getByRole('button', { name: /^Refund \$20\.00 to / }).click()
      await dialog.getByText('Enter an amount above 0, up to $19.99.').waitFor()
      await dialog.getByLabel('Amount').fill('5.50')
      await dialog.getByRole('button', { name: /^Refund \$5\.50 to / }).click()
      await dialog.getByText('Enter a reason of 10 characters or more.').waitFor()
      await dialog.getByLabel(/^Reason/).fill('The dog moved away in March.')
      await screenshot(page, 'payments-refund')
      await assertAccessible(page, 'refund dialog')
      await dialog.getByRole('button', { name: /^Refund \$5\.50 to / }).click()
      await page.getByText('The refund of $5.50 is on its way.').waitFor()

      await page.getByLabel('State').selectOption({ label: 'All' })
      const refunded = page.getByRole('table').getByText('Partially refunded')
      for (let look = 0; look < 40 && (await refunded.count()) === 0; look += 1) {
        await page.getByRole('button', { name: 'Refresh' }).click()
        await refunded.waitFor({ timeout: 500 }).catch(() => {})
      }
      await refunded.waitFor()
      await page.getByText('(net $14.49)').waitFor()
      await screenshot(page, 'payments-refunded')
      await page.getByRole('button', { name: '1 refund', exact: true }).click()
      await page.getByRole('dialog').getByText('The dog moved away in March.').waitFor()
      await page
        .getByRole('dialog')
        .getByText(/^re_sandbox_/)
        .waitFor()
      await screenshot(page, 'payments-history')
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()

      // The export has what the filter shows, as a spreadsheet reads it.
      const waiting = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Export as CSV' }).click()
      const download = await waiting
      assert.match(download.suggestedFilename(), /^payments_\d{4}-\d{2}-\d{2}\.csv$/)
      const text = await readFile(await download.path(), 'utf8')
      const lines = text.trim().split(/\r?\n/)
      assert.equal(text.charCodeAt(0), 0xfeff, 'Excel needs the mark')
      assert.match(
        lines[0],
        /created_at,user_full_name,user_email,description,.*effective_status,amount,currency,total_refunded/,
      )
      assert.equal(lines.length, 2, text)
      assert.match(lines[1], /for Bello",.*partially_refunded,19\.99,USD,5\.50?,pi_sandbox_/)
      assertQuiet(page)
      await page.context().close()
    })
  })
}
