// The thin Node function that one would write in place of this service: the same two documents, nothing checked.
const { randomBytes } = require('node:crypto');
const functions = require('@google-cloud/functions-framework');
const { Firestore } = require('@google-cloud/firestore');

const EVENT = 'open';
const AT_ONCE = new Date(0);
const ANSWERS = ['title', 'organization', 'address', 'tel', 'fax', 'hotel', 'hotel_tel', 'signature'];
const NUMBERS = ['tel', 'fax', 'hotel_tel'];
const firestore = new Firestore();

const from = (names, form, made = (text) => text) =>
  Object.fromEntries(names.map((name) => [name, made(form[name])]));

functions.http('register', async (request, response) => {
  const form = request.body;
  const id = randomBytes(12).toString('hex');
  const batch = firestore.batch();
  batch.create(firestore.doc(`intakes/${EVENT}/registrations/${id}`), {
    shape: 1,
    family_name: form.family_name,
    first_name: form.first_name,
    email: form.email,
    category: form.category,
    answers: from(ANSWERS, form),
    e164: from(NUMBERS, form, (number) => number.replaceAll(' ', '')),
    signed_on: form.signed_on,
  });
  batch.create(firestore.doc(`mails/${EVENT}.${id}.confirmation`), {
    shape: 1,
    kind: 'confirmation',
    event: EVENT,
    to: form.email,
    address: form.email,
    registration_id: id,
    not_before: AT_ONCE,
    incoming_id: null,
    thread: [],
    state: 'queued',
    due_at: AT_ONCE,
    handed_over_at: null,
    attempts: [],
    reason: '',
  });
  await batch.commit();
  response.status(201).json({ status: 'accepted', event: EVENT, reference: id });
});
