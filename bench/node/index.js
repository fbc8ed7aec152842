// The thin Node function that one would write in place of this service: the same three documents, nothing checked.
const { createHash, randomBytes } = require('node:crypto');
const functions = require('@google-cloud/functions-framework');
const { Firestore } = require('@google-cloud/firestore');

const EVENT = 'open';
const AT_ONCE = new Date(0);
const ANSWERS = ['title', 'organization', 'address', 'tel', 'fax', 'hotel', 'hotel_tel', 'signature'];
const TERMS = Array.from({ length: 57 }, (_, number) => String(number).padStart(5, '0'));
const firestore = new Firestore();

const from = (names, form) => Object.fromEntries(names.map((name) => [name, form[name]]));

const personKey = (form) => {
  const person = `${form.email}\n${form.family_name}\n${form.first_name}`.toLowerCase();
  return createHash('sha256').update(person).digest('hex').slice(0, 24);
};

functions.http('register', async (request, response) => {
  const form = request.body;
  const id = randomBytes(12).toString('hex');
  const batch = firestore.batch();
  batch.create(firestore.doc(`events/${EVENT}/registrations/${id}`), {
    schema_version: 1,
    family_name: form.family_name,
    first_name: form.first_name,
    email: form.email,
    category: form.category,
    answers: from(ANSWERS, form),
    signed_on: form.signed_on,
    language: 'en',
    chosen: { title: 'Ms.', category: 'Administration of ITU Member State' },
    form_version: '00000000',
    address: form.email,
    status: 'registered',
    revision: 1,
    arrived_at: null,
    similar: personKey(form),
    name_key: [form.family_name, form.first_name, form.family_name, form.first_name].join('\x1f'),
    terms: TERMS,
  });
  batch.create(firestore.doc(`events/${EVENT}/people/${personKey(form)}`), {
    schema_version: 1,
    registration_id: id,
  });
  batch.create(firestore.doc(`outbox/${EVENT}.${id}.confirmation`), {
    schema_version: 1,
    kind: 'confirmation',
    event: EVENT,
    to_registrants_of: EVENT,
    to: form.email,
    address: form.email,
    registration_id: id,
    not_before: AT_ONCE,
    inbound_id: null,
    thread: [],
    status: 'pending',
    shard: 0,
    due_at: AT_ONCE,
    last_sent_at: null,
    attempts: [],
    reason: '',
    waits_since: null,
  });
  await batch.commit();
  response.status(201).json({ status: 'accepted', event: EVENT, reference: id });
});
