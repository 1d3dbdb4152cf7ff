--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: __diesel_schema_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.__diesel_schema_migrations (
    version character varying(50) NOT NULL,
    run_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);


--
-- Name: allocation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.allocation (
    payment_no text NOT NULL,
    order_no text NOT NULL,
    merchant_id text NOT NULL,
    amount bigint NOT NULL,
    state text NOT NULL,
    refund_reserved bigint DEFAULT 0 NOT NULL,
    CONSTRAINT amount_is_positive CHECK ((amount > 0)),
    CONSTRAINT refunds_not_over_paid CHECK (((refund_reserved >= 0) AND (refund_reserved <= amount))),
    CONSTRAINT refunds_only_of_paid CHECK (((refund_reserved = 0) OR (state = ANY (ARRAY['EFFECTIVE'::text, 'DUPLICATE'::text])))),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['PENDING'::text, 'EFFECTIVE'::text, 'DUPLICATE'::text, 'RELEASED'::text])))
);


--
-- Name: TABLE allocation; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.allocation IS 'The tie of one payment to one order. At most one of an order is effective (R9).';


--
-- Name: COLUMN allocation.payment_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.allocation.payment_no IS 'The payment.';


--
-- Name: COLUMN allocation.order_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.allocation.order_no IS 'The order.';


--
-- Name: COLUMN allocation.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.allocation.merchant_id IS 'Whose order.';


--
-- Name: COLUMN allocation.amount; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.allocation.amount IS 'Minor units of the payment''s currency that are for this order.';


--
-- Name: COLUMN allocation.state; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.allocation.state IS 'Where it is.';


--
-- Name: COLUMN allocation.refund_reserved; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.allocation.refund_reserved IS 'Minor units that refunds reserve, are giving back, or gave back for this order (R15).';


--
-- Name: create_request; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.create_request (
    merchant_id text NOT NULL,
    request_id text NOT NULL,
    payment_no text NOT NULL,
    create_time timestamp with time zone NOT NULL
);


--
-- Name: TABLE create_request; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.create_request IS 'Which payment each CreatePayment got, so that a repeat gets the same (R14).';


--
-- Name: COLUMN create_request.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.create_request.merchant_id IS 'Whose request.';


--
-- Name: COLUMN create_request.request_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.create_request.request_id IS 'The caller''s key.';


--
-- Name: COLUMN create_request.payment_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.create_request.payment_no IS 'The payment, made by this request or reused for it.';


--
-- Name: COLUMN create_request.create_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.create_request.create_time IS 'When it was answered first.';


--
-- Name: merchant_order; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.merchant_order (
    merchant_id text NOT NULL,
    order_no text NOT NULL,
    create_time timestamp with time zone NOT NULL
);


--
-- Name: TABLE merchant_order; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.merchant_order IS 'The row that is locked for an order (R24). We do not own orders, only what was paid for them.';


--
-- Name: COLUMN merchant_order.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.merchant_order.merchant_id IS 'Whose order.';


--
-- Name: COLUMN merchant_order.order_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.merchant_order.order_no IS 'The merchant''s number of it.';


--
-- Name: COLUMN merchant_order.create_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.merchant_order.create_time IS 'When a payment for it was first asked for.';


--
-- Name: notification; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.notification (
    notification_id uuid NOT NULL,
    merchant_id text NOT NULL,
    channel text NOT NULL,
    channel_account text NOT NULL,
    receive_time timestamp with time zone NOT NULL,
    target text NOT NULL,
    headers bytea NOT NULL,
    body bytea NOT NULL,
    verdict text NOT NULL,
    rejection text,
    rejection_description text,
    verified_by text,
    channel_notification_id text,
    payment_no text,
    CONSTRAINT rejected_iff_rejection CHECK (((verdict = 'REJECTED'::text) = (rejection IS NOT NULL))),
    CONSTRAINT verdict_is_known CHECK ((verdict = ANY (ARRAY['APPLIED'::text, 'REPEATED'::text, 'CASE_OPENED'::text, 'IRRELEVANT'::text, 'REJECTED'::text]))),
    CONSTRAINT verified_unless_rejected CHECK (((verdict = 'REJECTED'::text) OR (verified_by IS NOT NULL)))
);


--
-- Name: TABLE notification; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.notification IS 'Every notification as it came, each delivery a row, with what became of it.';


--
-- Name: COLUMN notification.notification_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.notification_id IS 'Ours; time-ordered.';


--
-- Name: COLUMN notification.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.merchant_id IS 'Whose account the URL named.';


--
-- Name: COLUMN notification.channel; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.channel IS 'The channel that the URL named.';


--
-- Name: COLUMN notification.channel_account; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.channel_account IS 'The account that the URL named.';


--
-- Name: COLUMN notification.receive_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.receive_time IS 'When it came.';


--
-- Name: COLUMN notification.target; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.target IS 'Path and query as received.';


--
-- Name: COLUMN notification.headers; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.headers IS 'Headers as received, one "name: value" a line.';


--
-- Name: COLUMN notification.body; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.body IS 'The raw body, byte for byte. May hold personal data, sealed or not.';


--
-- Name: COLUMN notification.verdict; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.verdict IS 'What became of it.';


--
-- Name: COLUMN notification.rejection; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.rejection IS 'Why it was refused.';


--
-- Name: COLUMN notification.rejection_description; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.rejection_description IS 'For an operator: which header or field.';


--
-- Name: COLUMN notification.verified_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.verified_by IS 'Serial of the key that verified it.';


--
-- Name: COLUMN notification.channel_notification_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.channel_notification_id IS 'The channel''s number, the same in each delivery.';


--
-- Name: COLUMN notification.payment_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.notification.payment_no IS 'The payment number that it names, ours or not.';


--
-- Name: outbox_event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox_event (
    event_id uuid NOT NULL,
    merchant_id text NOT NULL,
    payment_no text NOT NULL,
    revision integer NOT NULL,
    "position" smallint NOT NULL,
    event text NOT NULL,
    create_time timestamp with time zone NOT NULL,
    refund_no text,
    CONSTRAINT event_is_known CHECK ((event = ANY (ARRAY['payment.succeeded'::text, 'payment.closed'::text, 'payment.failed'::text, 'payment.duplicate_found'::text, 'refund.progressed'::text, 'refund.succeeded'::text, 'case.opened'::text])))
);


--
-- Name: TABLE outbox_event; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.outbox_event IS 'What callers are to be told, written with the change that makes it true (R27).';


--
-- Name: COLUMN outbox_event.event_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_event.event_id IS 'Ours; time-ordered.';


--
-- Name: COLUMN outbox_event.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_event.merchant_id IS 'Who is told.';


--
-- Name: COLUMN outbox_event.payment_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_event.payment_no IS 'The payment number that it is about, ours or (for a case) one that a channel named.';


--
-- Name: COLUMN outbox_event.revision; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_event.revision IS 'The payment''s revision; 0 for a payment that is not ours.';


--
-- Name: COLUMN outbox_event."position"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_event."position" IS 'Order within the revision, from 0.';


--
-- Name: COLUMN outbox_event.event; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_event.event IS 'What is told.';


--
-- Name: COLUMN outbox_event.create_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_event.create_time IS 'When it became true.';


--
-- Name: COLUMN outbox_event.refund_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.outbox_event.refund_no IS 'The refund, where it is about one.';


--
-- Name: payment; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment (
    payment_no text NOT NULL,
    merchant_id text NOT NULL,
    request_id text NOT NULL,
    created_by text NOT NULL,
    channel text NOT NULL,
    channel_account text NOT NULL,
    product text NOT NULL,
    payee text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    description text NOT NULL,
    options jsonb NOT NULL,
    payer_client_ip text,
    state text NOT NULL,
    revision integer NOT NULL,
    channel_transaction_no text,
    handle text,
    handle_expire_time timestamp with time zone,
    failure_reason text,
    failure_code text,
    create_time timestamp with time zone NOT NULL,
    expire_time timestamp with time zone NOT NULL,
    update_time timestamp with time zone NOT NULL,
    client_report_time timestamp with time zone,
    succeed_time timestamp with time zone,
    end_time timestamp with time zone,
    refund_reserved bigint DEFAULT 0 NOT NULL,
    next_check_time timestamp with time zone,
    checks integer DEFAULT 0 NOT NULL,
    capture_intend_time timestamp with time zone,
    CONSTRAINT amount_is_positive CHECK ((amount > 0)),
    CONSTRAINT awaiting_payer_has_handle CHECK (((state <> 'AWAITING_PAYER'::text) OR (handle IS NOT NULL))),
    CONSTRAINT client_reported_has_client_report_time CHECK (((state <> 'CLIENT_REPORTED'::text) OR (client_report_time IS NOT NULL))),
    CONSTRAINT currency_is_iso_4217 CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ended_has_end_time CHECK (((state <> ALL (ARRAY['CLOSED'::text, 'FAILED'::text])) OR (end_time IS NOT NULL))),
    CONSTRAINT expires_after_creation CHECK ((expire_time > create_time)),
    CONSTRAINT failed_has_failure CHECK (((state <> 'FAILED'::text) OR (failure_reason IS NOT NULL))),
    CONSTRAINT failure_has_reason_and_code CHECK (((failure_reason IS NULL) = (failure_code IS NULL))),
    CONSTRAINT handle_iff_handle_expire_time CHECK (((handle IS NULL) = (handle_expire_time IS NULL))),
    CONSTRAINT open_iff_next_check_time CHECK (((state = ANY (ARRAY['INITIATING'::text, 'AWAITING_PAYER'::text, 'CLIENT_REPORTED'::text])) = (next_check_time IS NOT NULL))),
    CONSTRAINT payment_no_is_well_formed CHECK ((payment_no ~ '^P[0-9]{10}[0-9A-Z]{20}$'::text)),
    CONSTRAINT refunds_not_over_paid CHECK (((refund_reserved >= 0) AND (refund_reserved <= amount))),
    CONSTRAINT refunds_only_of_paid CHECK (((refund_reserved = 0) OR (state = 'SUCCEEDED'::text))),
    CONSTRAINT revision_is_not_negative CHECK ((revision >= 0)),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['INITIATING'::text, 'AWAITING_PAYER'::text, 'CLIENT_REPORTED'::text, 'SUCCEEDED'::text, 'CLOSED'::text, 'FAILED'::text]))),
    CONSTRAINT succeeded_iff_channel_transaction_no CHECK (((state = 'SUCCEEDED'::text) = (channel_transaction_no IS NOT NULL))),
    CONSTRAINT succeeded_iff_succeed_time CHECK (((state = 'SUCCEEDED'::text) = (succeed_time IS NOT NULL)))
);


--
-- Name: TABLE payment; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.payment IS 'One attempt to pay one or several orders.';


--
-- Name: COLUMN payment.payment_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.payment_no IS 'Our number; the channel''s merchant order number. Carries its UTC day and two shard digits.';


--
-- Name: COLUMN payment.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.merchant_id IS 'Whose payment.';


--
-- Name: COLUMN payment.request_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.request_id IS 'The caller''s key of the request that made it.';


--
-- Name: COLUMN payment.created_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.created_by IS 'Name of the API key that asked for it.';


--
-- Name: COLUMN payment.channel; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.channel IS 'The channel.';


--
-- Name: COLUMN payment.channel_account; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.channel_account IS 'The account at the channel.';


--
-- Name: COLUMN payment.product; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.product IS 'The way of paying in the channel.';


--
-- Name: COLUMN payment.payee; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.payee IS 'Who must receive the money, as the channel names them (R8).';


--
-- Name: COLUMN payment.currency; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.currency IS 'ISO 4217.';


--
-- Name: COLUMN payment.amount; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.amount IS 'Minor units; the sum of its allocations; never changed (F28).';


--
-- Name: COLUMN payment.description; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.description IS 'What the payer reads.';


--
-- Name: COLUMN payment.options; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.options IS 'The product''s options as sent, so that a repeated create is byte-equal. May name the payer.';


--
-- Name: COLUMN payment.payer_client_ip; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.payer_client_ip IS 'The payer''s address as the caller saw it. Personal data.';


--
-- Name: COLUMN payment.state; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.state IS 'Where it is.';


--
-- Name: COLUMN payment.revision; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.revision IS 'Counts its changes; orders its transitions and events.';


--
-- Name: COLUMN payment.channel_transaction_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.channel_transaction_no IS 'The channel''s number, once paid.';


--
-- Name: COLUMN payment.handle; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.handle IS 'What payment data is made from. Whoever holds it can pay with it.';


--
-- Name: COLUMN payment.handle_expire_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.handle_expire_time IS 'When the channel stops honouring the handle.';


--
-- Name: COLUMN payment.failure_reason; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.failure_reason IS 'Why the channel refused it.';


--
-- Name: COLUMN payment.failure_code; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.failure_code IS 'The channel''s own code of the refusal.';


--
-- Name: COLUMN payment.create_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.create_time IS 'Recorded.';


--
-- Name: COLUMN payment.expire_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.expire_time IS 'Until when the payer may pay.';


--
-- Name: COLUMN payment.update_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.update_time IS 'Last change.';


--
-- Name: COLUMN payment.client_report_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.client_report_time IS 'Reported paid by the payer''s app.';


--
-- Name: COLUMN payment.succeed_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.succeed_time IS 'Paid, by the channel''s clock where it tells.';


--
-- Name: COLUMN payment.end_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.end_time IS 'Closed or failed; stays when money comes after that (R6).';


--
-- Name: COLUMN payment.refund_reserved; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.refund_reserved IS 'Minor units that refunds reserve, are giving back, or gave back (R15).';


--
-- Name: COLUMN payment.next_check_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.next_check_time IS 'When a scheduler asks about it next; while one does, when its lease ends.';


--
-- Name: COLUMN payment.checks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.checks IS 'How often schedulers asked about it in its present state.';


--
-- Name: COLUMN payment.capture_intend_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment.capture_intend_time IS 'When we decided to take approved money; from then on it is not closed by us alone.';


--
-- Name: payment_case; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_case (
    case_id uuid NOT NULL,
    merchant_id text NOT NULL,
    kind text NOT NULL,
    channel text NOT NULL,
    channel_account text NOT NULL,
    payment_no text NOT NULL,
    order_no text,
    channel_transaction_no text,
    currency text,
    amount bigint,
    description text NOT NULL,
    source text NOT NULL,
    notification_id uuid,
    evidence bytea,
    verified_by text,
    open_time timestamp with time zone NOT NULL,
    refund_no text,
    CONSTRAINT amount_has_currency CHECK (((amount IS NULL) = (currency IS NULL))),
    CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['UNKNOWN_PAYMENT'::text, 'AMOUNT_MISMATCH'::text, 'PAYEE_MISMATCH'::text, 'TRANSACTION_MISMATCH'::text, 'REFUND_NEEDS_PERSON'::text, 'REFUND_MISMATCH'::text, 'REFUND_EXCEEDS_PAID'::text])))
);


--
-- Name: TABLE payment_case; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.payment_case IS 'Money or evidence that fits nowhere, in sight until somebody has dealt with it.';


--
-- Name: COLUMN payment_case.case_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.case_id IS 'Ours; time-ordered.';


--
-- Name: COLUMN payment_case.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.merchant_id IS 'Whose account it came to.';


--
-- Name: COLUMN payment_case.kind; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.kind IS 'Why it is open.';


--
-- Name: COLUMN payment_case.channel; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.channel IS 'The channel.';


--
-- Name: COLUMN payment_case.channel_account; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.channel_account IS 'The account at the channel.';


--
-- Name: COLUMN payment_case.payment_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.payment_no IS 'The payment number that the channel named, ours or not.';


--
-- Name: COLUMN payment_case.order_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.order_no IS 'The order, where it is about one.';


--
-- Name: COLUMN payment_case.channel_transaction_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.channel_transaction_no IS 'The channel''s number of the money.';


--
-- Name: COLUMN payment_case.currency; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.currency IS 'ISO 4217.';


--
-- Name: COLUMN payment_case.amount; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.amount IS 'Minor units that it is about.';


--
-- Name: COLUMN payment_case.description; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.description IS 'What was expected and what was said.';


--
-- Name: COLUMN payment_case.source; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.source IS 'Who said it.';


--
-- Name: COLUMN payment_case.notification_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.notification_id IS 'The delivery that said it; its bytes are there.';


--
-- Name: COLUMN payment_case.evidence; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.evidence IS 'The channel''s raw words, where no notification holds them.';


--
-- Name: COLUMN payment_case.verified_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.verified_by IS 'Serial of the key that verified them.';


--
-- Name: COLUMN payment_case.open_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.open_time IS 'When.';


--
-- Name: COLUMN payment_case.refund_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_case.refund_no IS 'The refund, where it is about one.';


--
-- Name: payment_transition; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payment_transition (
    payment_no text NOT NULL,
    revision integer NOT NULL,
    event text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    source text NOT NULL,
    caller text,
    notification_id uuid,
    evidence bytea,
    verified_by text,
    transition_time timestamp with time zone NOT NULL,
    CONSTRAINT notification_iff_notified CHECK (((source = 'NOTIFICATION'::text) = (notification_id IS NOT NULL))),
    CONSTRAINT source_is_known CHECK ((source = ANY (ARRAY['CALLER_REQUEST'::text, 'CLIENT_RESULT'::text, 'CREATE_ANSWER'::text, 'QUERY_ANSWER'::text, 'CAPTURE_ANSWER'::text, 'CLOSE_ANSWER'::text, 'REFUND_ANSWER'::text, 'NOTIFICATION'::text, 'CAPTURE_GATE'::text]))),
    CONSTRAINT state_changes CHECK ((from_state <> to_state)),
    CONSTRAINT success_is_verified CHECK (((to_state <> 'SUCCEEDED'::text) OR (verified_by IS NOT NULL)))
);


--
-- Name: TABLE payment_transition; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.payment_transition IS 'Every change of a payment''s state with what caused it (R26).';


--
-- Name: COLUMN payment_transition.payment_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.payment_no IS 'The payment.';


--
-- Name: COLUMN payment_transition.revision; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.revision IS 'The payment''s revision that it made.';


--
-- Name: COLUMN payment_transition.event; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.event IS 'What happened.';


--
-- Name: COLUMN payment_transition.from_state; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.from_state IS 'The state before.';


--
-- Name: COLUMN payment_transition.to_state; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.to_state IS 'The state after.';


--
-- Name: COLUMN payment_transition.source; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.source IS 'Who said it.';


--
-- Name: COLUMN payment_transition.caller; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.caller IS 'Name of the API key whose call led here.';


--
-- Name: COLUMN payment_transition.notification_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.notification_id IS 'The delivery that said it; its bytes are there.';


--
-- Name: COLUMN payment_transition.evidence; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.evidence IS 'The channel''s or the app''s raw words, where no notification holds them.';


--
-- Name: COLUMN payment_transition.verified_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.verified_by IS 'Serial of the key that verified them.';


--
-- Name: COLUMN payment_transition.transition_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.payment_transition.transition_time IS 'When.';


--
-- Name: refund; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.refund (
    merchant_id text NOT NULL,
    refund_no text NOT NULL,
    payment_no text NOT NULL,
    channel text NOT NULL,
    channel_account text NOT NULL,
    amount bigint NOT NULL,
    reason text NOT NULL,
    description text NOT NULL,
    origin text NOT NULL,
    created_by text,
    state text NOT NULL,
    revision integer NOT NULL,
    sent_as text NOT NULL,
    successors smallint NOT NULL,
    channel_refund_no text,
    attention text,
    create_time timestamp with time zone NOT NULL,
    update_time timestamp with time zone NOT NULL,
    succeed_time timestamp with time zone,
    next_check_time timestamp with time zone,
    checks integer DEFAULT 0 NOT NULL,
    CONSTRAINT amount_is_positive CHECK ((amount > 0)),
    CONSTRAINT caller_iff_created_by CHECK (((origin = 'CALLER'::text) = (created_by IS NOT NULL))),
    CONSTRAINT origin_is_known CHECK ((origin = ANY (ARRAY['CALLER'::text, 'DUPLICATE'::text, 'CHANNEL'::text]))),
    CONSTRAINT reason_is_known CHECK ((reason = ANY (ARRAY['RETURN'::text, 'CANCELLATION'::text, 'DUPLICATE'::text, 'OTHER'::text]))),
    CONSTRAINT sent_as_own_number_iff_no_successor CHECK (((sent_as = refund_no) = (successors = 0))),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['PENDING'::text, 'PROCESSING'::text, 'SUCCEEDED'::text]))),
    CONSTRAINT succeeded_iff_not_checked CHECK (((state = 'SUCCEEDED'::text) = (next_check_time IS NULL))),
    CONSTRAINT succeeded_iff_succeed_time CHECK (((state = 'SUCCEEDED'::text) = (succeed_time IS NOT NULL)))
);


--
-- Name: TABLE refund; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.refund IS 'Money to be given back. There is no failed refund: what is owed is tried until it arrives (R17).';


--
-- Name: COLUMN refund.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.merchant_id IS 'Whose refund.';


--
-- Name: COLUMN refund.refund_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.refund_no IS 'The number of the business that wants it, or derived from a duplicate allocation. Never changes.';


--
-- Name: COLUMN refund.payment_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.payment_no IS 'The payment that it gives back a part of.';


--
-- Name: COLUMN refund.channel; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.channel IS 'The channel of that payment.';


--
-- Name: COLUMN refund.channel_account; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.channel_account IS 'The account of that payment.';


--
-- Name: COLUMN refund.amount; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.amount IS 'Minor units of the payment''s currency; the sum of its parts.';


--
-- Name: COLUMN refund.reason; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.reason IS 'Why.';


--
-- Name: COLUMN refund.description; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.description IS 'What the payer reads; may be empty.';


--
-- Name: COLUMN refund.origin; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.origin IS 'Who wants it.';


--
-- Name: COLUMN refund.created_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.created_by IS 'Name of the API key that asked for it.';


--
-- Name: COLUMN refund.state; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.state IS 'Where it is.';


--
-- Name: COLUMN refund.revision; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.revision IS 'Counts its changes.';


--
-- Name: COLUMN refund.sent_as; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.sent_as IS 'The number under which the channel knows it: its own, or a successor''s after proof that the former is dead.';


--
-- Name: COLUMN refund.successors; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.successors IS 'How many successor numbers it took.';


--
-- Name: COLUMN refund.channel_refund_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.channel_refund_no IS 'The channel''s number.';


--
-- Name: COLUMN refund.attention; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.attention IS 'Why a person is needed; the service goes on trying.';


--
-- Name: COLUMN refund.create_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.create_time IS 'Reserved.';


--
-- Name: COLUMN refund.update_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.update_time IS 'Last change.';


--
-- Name: COLUMN refund.succeed_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.succeed_time IS 'Arrived, by the channel''s clock where it tells.';


--
-- Name: COLUMN refund.next_check_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.next_check_time IS 'When a scheduler drives it next; while one does, when its lease ends.';


--
-- Name: COLUMN refund.checks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund.checks IS 'How often schedulers drove it in its present state.';


--
-- Name: refund_number; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.refund_number (
    merchant_id text NOT NULL,
    number text NOT NULL,
    refund_no text NOT NULL,
    create_time timestamp with time zone NOT NULL
);


--
-- Name: TABLE refund_number; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.refund_number IS 'Every number under which a refund was ever sent: none is used for two refunds (R16).';


--
-- Name: COLUMN refund_number.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_number.merchant_id IS 'Whose number.';


--
-- Name: COLUMN refund_number.number; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_number.number IS 'The number that the channel is told.';


--
-- Name: COLUMN refund_number.refund_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_number.refund_no IS 'The refund.';


--
-- Name: COLUMN refund_number.create_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_number.create_time IS 'Since when.';


--
-- Name: refund_part; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.refund_part (
    merchant_id text NOT NULL,
    refund_no text NOT NULL,
    order_no text NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT amount_is_positive CHECK ((amount > 0))
);


--
-- Name: TABLE refund_part; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.refund_part IS 'How a refund is split over the payment''s orders.';


--
-- Name: COLUMN refund_part.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_part.merchant_id IS 'Whose refund.';


--
-- Name: COLUMN refund_part.refund_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_part.refund_no IS 'The refund.';


--
-- Name: COLUMN refund_part.order_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_part.order_no IS 'The order.';


--
-- Name: COLUMN refund_part.amount; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_part.amount IS 'Minor units that are given back for it.';


--
-- Name: refund_transition; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.refund_transition (
    merchant_id text NOT NULL,
    refund_no text NOT NULL,
    revision integer NOT NULL,
    event text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    number text NOT NULL,
    source text NOT NULL,
    notification_id uuid,
    evidence bytea,
    verified_by text,
    transition_time timestamp with time zone NOT NULL,
    CONSTRAINT notification_iff_notified CHECK (((source = 'NOTIFICATION'::text) = (notification_id IS NOT NULL))),
    CONSTRAINT source_is_known CHECK ((source = ANY (ARRAY['CALLER_REQUEST'::text, 'CLIENT_RESULT'::text, 'CREATE_ANSWER'::text, 'QUERY_ANSWER'::text, 'CAPTURE_ANSWER'::text, 'CLOSE_ANSWER'::text, 'REFUND_ANSWER'::text, 'NOTIFICATION'::text, 'CAPTURE_GATE'::text]))),
    CONSTRAINT state_changes CHECK ((from_state <> to_state)),
    CONSTRAINT success_is_verified CHECK (((to_state <> 'SUCCEEDED'::text) OR (verified_by IS NOT NULL)))
);


--
-- Name: TABLE refund_transition; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.refund_transition IS 'Every change of a refund''s state with what caused it (R26).';


--
-- Name: COLUMN refund_transition.merchant_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.merchant_id IS 'Whose refund.';


--
-- Name: COLUMN refund_transition.refund_no; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.refund_no IS 'The refund.';


--
-- Name: COLUMN refund_transition.revision; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.revision IS 'The refund''s revision that it made.';


--
-- Name: COLUMN refund_transition.event; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.event IS 'What happened.';


--
-- Name: COLUMN refund_transition.from_state; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.from_state IS 'The state before.';


--
-- Name: COLUMN refund_transition.to_state; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.to_state IS 'The state after.';


--
-- Name: COLUMN refund_transition.number; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.number IS 'The number that the channel spoke of.';


--
-- Name: COLUMN refund_transition.source; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.source IS 'Who said it.';


--
-- Name: COLUMN refund_transition.notification_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.notification_id IS 'The delivery that said it; its bytes are there.';


--
-- Name: COLUMN refund_transition.evidence; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.evidence IS 'The channel''s raw words, where no notification holds them.';


--
-- Name: COLUMN refund_transition.verified_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.verified_by IS 'Serial of the key that verified them.';


--
-- Name: COLUMN refund_transition.transition_time; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.refund_transition.transition_time IS 'When.';


--
-- Data for Name: __diesel_schema_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.__diesel_schema_migrations (version, run_on) VALUES ('20261123000001', '2026-11-27 18:35:23.159005');
INSERT INTO public.__diesel_schema_migrations (version, run_on) VALUES ('20261123000002', '2026-11-27 18:35:23.293133');


--
-- Data for Name: allocation; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYJR312QT3MPHWYCTSY8', 'demo-1795804523-1', 'shop', 3990, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYJR8NFHA7Q9R7TKBY6A', 'demo-1795804523-story-15-1', 'shop', 8300, 'EFFECTIVE', 8300);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYJSF1YS9JDE01YJCGDG', 'demo-1795804523-2', 'shop', 12800, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYJSF1YS9JDE01YJCGDG', 'demo-1795804523-3', 'shop', 1990, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYJTH2FQ9ZQ7MEXV7C1G', 'demo-1795804523-4', 'shop', 4500, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYJW6A6CP3QVW0TRFSD8', 'demo-1795804523-5', 'shop', 6660, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYJXEBDEMWJNX0142MGG', 'demo-1795804523-6', 'shop', 8800, 'RELEASED', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYJYG34G8ZBZFMANPA2J', 'demo-1795804523-6', 'shop', 8800, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYJZACW43BE3689JHMJA', 'demo-1795804523-7', 'shop', 99900, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYK0XPJE9FEB70P08GJA', 'demo-1795804523-8', 'shop', 25600, 'RELEASED', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYK28T3N6PZQV7J4F2JA', 'demo-1795804523-9', 'shop', 1234, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYKK2AFENKPCPNAWHQ8T', 'demo-1795804523-10', 'shop', 3990, 'EFFECTIVE', 3990);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYKR4K540J6CKG1AG83J', 'demo-1795804523-11', 'shop', 5200, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYKRABHEC620Q3RV9YWW', 'demo-1795804523-11', 'shop', 5200, 'DUPLICATE', 5200);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYKXCMQ9WBK06DFHV7ZW', 'demo-1795804523-12', 'shop', 1000, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYKXCMQ9WBK06DFHV7ZW', 'demo-1795804523-13', 'shop', 2000, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYKXMFM88B2WJBNPTXNP', 'demo-1795804523-14', 'shop', 3000, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYKXMFM88B2WJBNPTXNP', 'demo-1795804523-13', 'shop', 2000, 'DUPLICATE', 2000);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYJRA5G6WMG46QTHQWJE', 'demo-1795804523-story-14-1', 'shop', 9100, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYM3JE7TCKBBXFEYSGME', 'demo-1795804523-15', 'shop', 7700, 'EFFECTIVE', 0);
INSERT INTO public.allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) VALUES ('P2026112700FYM47628QQQYPDEJA6SA', 'demo-1795804523-16', 'shop', 6400, 'EFFECTIVE', 6400);


--
-- Data for Name: create_request; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-story-15-request-1', 'P2026112700FYJR8NFHA7Q9R7TKBY6A', '2026-11-27 18:35:23.554072+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-story-14-request-1', 'P2026112700FYJRA5G6WMG46QTHQWJE', '2026-11-27 18:35:23.560273+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-1', 'P2026112700FYJR312QT3MPHWYCTSY8', '2026-11-27 18:35:23.532991+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-2', 'P2026112700FYJSF1YS9JDE01YJCGDG', '2026-11-27 18:35:23.708415+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-4', 'P2026112700FYJTH2FQ9ZQ7MEXV7C1G', '2026-11-27 18:35:23.844437+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-5', 'P2026112700FYJW6A6CP3QVW0TRFSD8', '2026-11-27 18:35:24.057961+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-6', 'P2026112700FYJXEBDEMWJNX0142MGG', '2026-11-27 18:35:24.217202+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-7', 'P2026112700FYJYG34G8ZBZFMANPA2J', '2026-11-27 18:35:24.352354+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-8', 'P2026112700FYJZACW43BE3689JHMJA', '2026-11-27 18:35:24.457811+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-9', 'P2026112700FYK0XPJE9FEB70P08GJA', '2026-11-27 18:35:24.662544+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-10', 'P2026112700FYK28T3N6PZQV7J4F2JA', '2026-11-27 18:35:24.835376+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-11', 'P2026112700FYKK2AFENKPCPNAWHQ8T', '2026-11-27 18:35:26.985171+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-15', 'P2026112700FYKR4K540J6CKG1AG83J', '2026-11-27 18:35:27.634038+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-16', 'P2026112700FYKRABHEC620Q3RV9YWW', '2026-11-27 18:35:27.657138+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-17', 'P2026112700FYKXCMQ9WBK06DFHV7ZW', '2026-11-27 18:35:28.306726+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-18', 'P2026112700FYKXMFM88B2WJBNPTXNP', '2026-11-27 18:35:28.337487+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-19', 'P2026112700FYM3JE7TCKBBXFEYSGME', '2026-11-27 18:35:29.097841+00');
INSERT INTO public.create_request (merchant_id, request_id, payment_no, create_time) VALUES ('shop', 'demo-1795804523-request-20', 'P2026112700FYM47628QQQYPDEJA6SA', '2026-11-27 18:35:29.180791+00');


--
-- Data for Name: merchant_order; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-story-15-1', '2026-11-27 18:35:23.554072+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-story-14-1', '2026-11-27 18:35:23.560273+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-1', '2026-11-27 18:35:23.532991+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-2', '2026-11-27 18:35:23.708415+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-3', '2026-11-27 18:35:23.708415+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-4', '2026-11-27 18:35:23.844437+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-5', '2026-11-27 18:35:24.057961+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-6', '2026-11-27 18:35:24.217202+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-7', '2026-11-27 18:35:24.457811+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-8', '2026-11-27 18:35:24.662544+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-9', '2026-11-27 18:35:24.835376+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-10', '2026-11-27 18:35:26.985171+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-11', '2026-11-27 18:35:27.634038+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-12', '2026-11-27 18:35:28.306726+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-13', '2026-11-27 18:35:28.306726+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-14', '2026-11-27 18:35:28.337487+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-15', '2026-11-27 18:35:29.097841+00');
INSERT INTO public.merchant_order (merchant_id, order_no, create_time) VALUES ('shop', 'demo-1795804523-16', '2026-11-27 18:35:29.180791+00');


--
-- Data for Name: notification; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-6c5e-714f-bfb1-30b6e5099bf2', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:23.614191+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532330a7765636861747061792d6e6f6e63653a20484433785a4d5555524c4969734f486d496e677645484854574472424f7541350a7765636861747061792d7369676e61747572653a206152434e6e43465758535839794433344b7248724f444b7041547a48446468454d376e56356e4e7a7637344b4e3944585276737155484c4b546753664d3038463436782b37333543564c6f475454636a6b71316b6274387738683966592b4479346d304c38354a737868346535666a534b33675356366e36627a4242657071476f4d7966694f6e415762547a7531724b7646566e496e436e553737386f577974575763784155494262485455494563524c2f467370526f633256516170797549776766647a4f4b376269476468594c525577364f3747425665783241536a76366c5a77687841466641714d534c673751696a313479327265365149793873375469684b64374575534e766239744e437575626239372b526d35487037426c32527a4877707063396a6f624a4d61454f4d552b4d367455454a5a4b5244514b4f47456c6b396e384b4671535a506b79644a634b704f6c513d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32332b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2239643835333066352d386161312d343835662d386236302d336133626264323636656136222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a226467444e6c5873735671704d78416c6d745979532f345558583437634653637243414e46546e57696e3530376539504147303945305a58322b2b6e683768526c744f7163456b62575a64586f30766574445367356d576c436b6a6b357778345973735745705947756242497735767368754f69414c59657333634f686930373547706a6362374161536470446b62794277377642414e474f656233456242782b6a6d4a666a45672b53306f4369357a7245774439344d3037362b374b70755a6a6567346c467650635068364e377959596a48716275724969736a32517152707668346a6b69756d2b666c5a77317a334948456f5a62634d55623379642b6b59717634664150614c66572b333555556c7854536970356171505974516f3766306972382b554b536e326c647863624f465931663758767279584963734e536554787777615a6271626e2b4e66494c375a564f785263587941304c647a46744152794639775a617837565735513566466276643863546b37326c776433774175674136584c67564359376c46756d312f4562346758752f6c4d5439784a774e384d4d6c6a34566953694a51515648774b74466b784a62506e6169474a61515168526c456a2b6f44377738384951494d504e53326c6e556d665735544a4b2f534370725a71714655356a4436494f4457716145572b696c36775076416c7574535a2b6354596c5a4538553253696f3771567068334a5a4346436c344d554b4656517246454331747478365377664d785477574f366237772f742f51427349704e4b514c63494759594c4678556c615676784d46387156436b675678222c226e6f6e6365223a223161677842376155554d7637222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '9d8530f5-8aa1-485f-8b60-3a3bbd266ea6', 'P2026112700FYJR8NFHA7Q9R7TKBY6A');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-6c68-7421-babe-80a3d371285d', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:23.62495+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532330a7765636861747061792d6e6f6e63653a204e516e59687251497637444d6b784e46424937466a7048364b304c7a534a45310a7765636861747061792d7369676e61747572653a2066334b3979443165564270633262623357346a314c36504f47587454554252676134697472615931673334416f47673659616d534f4b615442355047704f4f34686357544b6d39795436504f4a2f746a55342b6b783736664357536673795979667a787731584e397578422f586b4a7961393734624631477366366532462b614d343361706f795979735158355656365962377465536839617958714b534c484b78337731324c475444784e6e366a715634524e4f6c7a6e5039766135366c7437532b30796f2b587641574c43326e31466868376f442b7a486835764578385076487a7053616b38335270784875656a354a67596e432b624838416542467673736c5072415243424d31416e544f694a3172516968764b6a5747535357654a576c5446672f65786d7a5051544869316f314d514f65704a436f4b6f647448644d6866414a59585171497339307a337853434b6c6364413d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32332b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2262323838363738632d343236632d343235312d383237612d393237613336336533393864222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a2278453961326d51546a6b34794339654f486f3565576466723939716b432f666269716c646556487047502b57554b6c7866594879557063464c596145576f77585a744d6158364c54465a755659777a4e616f2b42305454306e4b742b3843576b6d3253716e74704a374c79726a674c44324355415037674f6155384d5768667a493043696f4a4c424958794450525359794b6c6f7871543531302b33342b6145372b59706a684a77665844494935694239713236554d657754764b556b6334477672334e3052434d6b445a33327a6e6c395570762f4d5764666f505a6a7347744667346551752f7436434e794b4d6b386e4d484b3853616774466a685931657a3773594a7141796453706c426246314c385343317138516637535a504c7270376b537049337a5652497378417634696c527458554e4e484b736232723070346f4c326e73487434733435506d526e6d6a49417a584e724d4f544435556c434766544453485569596b7047706a694d6c7a6846494a44782b384e4270396c3059385036527944437a2f455973347146447041665a466a2f6864484c655536387a64766468724654393935725674744550333341386c41386e3171557843417642306e794c565777744439685633575534394562526976474a4f5557636c3578306b4d6d4448517039506f31576c6f2b56626b374b4c416b78625454314a6447724a6744336a3450766c55466e39626568762f5a4731665250586e3956376d4a755741394169567279326f45313247485956534334564a535039346276756b372f646b435036497348596e484d45682b756d6f384775414d3539222c226e6f6e6365223a2254745846306c76654f654c4a222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'b288678c-426c-4251-827a-927a363e398d', 'P2026112700FYJR312QT3MPHWYCTSY8');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-6cfd-7ff3-88df-a53dd3acb174', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:23.773761+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532330a7765636861747061792d6e6f6e63653a204e794669366e6667736f72674b7148443057705053614635533569585164746e0a7765636861747061792d7369676e61747572653a2045542f7351666d5366595047714c4b494d504d464f653838714e5168626e304139572f783636653345367638684e784d31484170524170657349623462414e6c4141703146324d674b48517263544f49724338614343585a6731316c484f30314c756271564a4b52572b4863556e465247553266526459756a776c7737614e3152716d49304d77672f4d395077795337504572756959576b764a313865473466727a616a79623458456d72544645743479715255454e7a454e7077756b302f466b6d63624b4a7959714444696a7377563759716b65766a4e395147684766426d4f2f724d706254476c434252726f6d6278317a492f523243594c526b6b386a376357616b65467079364a37365161467a44436c5641516e342b7a423348796a5279416542716a3330746d7539704c346e5a43307a4479746a79453270473358556d684842656d7830527567327a374e697077493350413d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203933310a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32332b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2261316161643933322d646233322d346437662d616461642d346132643562626165386334222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a2244577546566c534237495048685156515a56583076627577524a5a34556358756a39514f6276645a596b7738666c727550447271424462797442634e616b396e7669557977536d71412b4f4f67724b576d624e2f45335a59636d4b36684e592b332b59354b4a6e614d4359545147714944716d494973676669454d4f3672726c626973653055767067384471547954564c36495263594a3561704f44576c37617453585853445567302f7643674f524975542b536b4151565879456f2f4b6231757855585950754866634c332b3231764c3363414c6f44487757417378676f655173334f75652f6a6254412f537648335430746f37375657507a5a4a45312b67766378764b684a79526f4a78727669336e696972344b543552656f31665843697a4a324a46516b625661706858375245514373503861424f66536264557533305978354f75546d36785a356a42454f49764761524842512b5249515838595969576e7344656f5936753662457050545431796f5335396157326f67784831564834464d48636c50694b58737776327176534c3354374878436e7951573275396943666354543877523275545252516c4b346d6862356e426968574f4d4a5934566949674246715a555656666e474d4277623242724f44542f59517a4b7042693978696d61754f4f384c7377536b3747766e536b4a38392f326f3643326164534e6a346a7078414c526258495955324a4e37706f6c34476e79466a337973437a456c4a796170716878756378394f4158664f5375506f43306c7a50634a6441324c6d446a433047443158546e3878484a68446d6f4f2b696f7639524d3d222c226e6f6e6365223a227659517865724a6532634337222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'a1aad932-db32-4d7f-adad-4a2d5bbae8c4', 'P2026112700FYJSF1YS9JDE01YJCGDG');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-6d80-7b2c-96bb-0f80fac79f67', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:23.904522+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532330a7765636861747061792d6e6f6e63653a206b70356376705152366b49654262676d537649445069436b6e4974756d6b776e0a7765636861747061792d7369676e61747572653a2055373177596951715a49314463746e7a6b6c355a384748394f74544d5364504c4378494137306b782f4e6a6b454741427370586175326b6945585635707a68592b6b70487577306b706d4c5630316c6e64324b4557665743675644324858754e67434b72483852366a6b54475530757164525665692b566171684d69747030786f3539556f4b6862312f5630753865535444465436544b7346377472576964455250486c556154446b6f2b755769535446424f6c4f664130466b6d774d4355427844313347315062764755546c57656d766a58626654557a57497a36796730344f4b67524f6c44326a4c474b4c737645306650302b59504d432b2f334a576c6351322f5a475565702f4275706a4f586554597950484f416c4d5a6c576a43516f3877736a716b6e2f72425a32477669715646563159587a65613947516b337274656a377a4238584164542b6c647a53787379364f74413d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32332b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2264323363616431342d303063302d343330362d623035622d623639323637656538616235222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a2247503230747441745333494538562f4b494276737439484872483730766d7739555138346b59525462367456776a4e3879733738695a54763746595942424a584443565145354b57426854356a762b444d594a48633544673251546e615344785630344c78576557694650536a41374a61614a757568412f2f54356266796d39437750452f6867486b63375933343362494f795553576c70784269386661744f464d414146383259713237516c524b3630467449754e36755a664f34536950356f75566b5738746f4d44564236693378494861594f6d6a4f674a552f374f2f676b726549336456635362735745562f6d44374f7957494a31755833656c6575666b56614d633655426f30334b4f5246576a674164534c48394933744a6e476c71416f6b55586a776677425763595a652f663877685a754d6b53564e6232744d4564644b6c594c724b6a357833715a6e6436726856534b39656a517648594a47722f496363357a2b7a534470757a427a324e37553372305857615a7972467656486875737a37797533647570356c58455674796563794474386166594967576146544d7467467456757031694e38476e456d58497a7545666c6636676b615857676343545a4b4b5871644579654736736942442f4e72687574644b5146545766773337526a76387650467343473654586a7044755a7748707635626435776a6f79654d79484d75303244773471325665666478585265464f442b4d74435230795a716a6252426c4879772f344931744b6b51343974476633546e41756e3368314b332b432b553632674f63736f797262305648447646666454222c226e6f6e6365223a22494a466f44506a6757487235222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'd23cad14-00c0-4306-b05b-b69267ee8ab5', 'P2026112700FYJTH2FQ9ZQ7MEXV7C1G');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-6d85-71d5-8481-fa338bc66f7b', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:23.909717+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532330a7765636861747061792d6e6f6e63653a20415a49313731615143673678505931787857726d4b59597455596d57583544370a7765636861747061792d7369676e61747572653a204e42452f6577644d336b2b556d376767364761364e2f686d335741723441363641696464507641346e73497837357a737871394a4a307534724944596f696a695753622b2b6751446456754f5565703048486d73377444563779715968504e6c51444f777a5043552b46505062777a6839544862335944476a2f4a366974525a667857656c366f774d692b443171547554575a3376515678485656617a4554564845794d314349774a44496e394562394c7151495056685874374d6c4c4f6c762b664d6872734c4776546f62536e6f366c69436334553070397677676831524b4375456f37536f334565554f32386c2b6e4a734871375543614c7872762f396e624762517576333134696343515176677749466d6c4f6b4a3646334b7042576f347236482b3033386e624832337875696241594d7169706342395a42624e3263445272732b6a753659677a5077375744495a734c46773d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32332b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2264323363616431342d303063302d343330362d623035622d623639323637656538616235222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a2259594e6335693434582f34734936454831725465525867543244753147614e766776414978526a763268494b62655771514f5478384b346b507569556a574b487979615957706a662f582f695a7558757657554d692b3867355a5064592f745a524c554e72355a30304171646e54587839627755315956682f764a373930505959613372376f423839326a43417861333668794f64316e44336b61717263452b6158567557576877382f446c397532777049647075657564665338634277726577716274376d483665582f4f366f776a5a70537271793534576c644a4c67416d78667261626d525176384a4431624a7a475458575a762b506c794b4a676c395a776f68725948424a6e3365623345442f384a43766679374977752b495339414c576c673450554f763378502b5a5a412f2f58446b6649657a4736526c2f58344b5079482f49734571342b32584541707259694d514c55616a46544f65346c6b7a554a32522f7465546f7139413558344d4942486d464e6e4545305a47714c30534a56617941314e617643705458685053485373577646547a6c73565a65725178422f6d4a6a6e632f314849586b484543465a57465479352b3452726e6a4543666e2b30794e374b77756b4e47644e586d6f615356786e583032704961584e38377053747a3377795a754247615070586c4838653542784579756b474c6a624737514c4e3336324a6d30564465335a507a3631462b6e70467a4b7a4773666b376862584443416a305677796c70432f6259353561654f6b6b416356424b5675635844647346716936686e3270324f796b3641664d5879516b70222c226e6f6e6365223a225638316b5a4f787771794568222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'REPEATED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'd23cad14-00c0-4306-b05b-b69267ee8ab5', 'P2026112700FYJTH2FQ9ZQ7MEXV7C1G');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-6d86-7efb-bfc4-d23dad210686', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:23.910233+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532330a7765636861747061792d6e6f6e63653a20325a5272314e69557a394d6e66353035635845677970626276487779324b43700a7765636861747061792d7369676e61747572653a20533269306743303354715439306f3633386e30346746536f62374f384b58397536334137313144614a437347674568654345666d526366676e306448754249734e6b314a69634f3137566134482b5841327a7974746c785a674a6165566877334d747576654e433452734f6362436c7a6c4134485a6e636659524e78446669476d51545a2b4a496f37314c5a7879594966454f416e31796a4f72303169343455566446447a4436632f35336935526a6745652f4a65746363574249474b31575734526b73586458724e726a36474b56442b465375526a6969554970353334362f5658516479747a595477486b55746d732b4e4f4d6d2b7155517437437078444368324f4e7379616b43754e59446570555871415073356c674a56655170486c336f2f5075592b68716767706c374d6b305a4a4d365a447a6256414f4a39647a57716252763873514a38466c6c317062675345664944413d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32332b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2264323363616431342d303063302d343330362d623035622d623639323637656538616235222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a226d326376735979623531504b793462334d465234594a4b4352543342354247544e76424f6a674159534a61733756424e654f36356a325175435265484f7572355138565434706f4139513768553651476a5a7933617a7777766a75457456633646527969706e4e564f4a72727541517469466a36424b46506c5858424e454e6c636544757a544a3965547a6e493133467930636774713655706436516f4b6956644e68632f71706865577a2b542b6d35334d2f4355617a47695a31616754377a4d6d425a46423658757456572f3535764171633445515762535571553149357963476e6c2b7174644e646a4e5658585234456f776654335752736f4164464f2f643568524533594f4e66472b5a443852465869764353552b5a325777503451326157646e6e3657626a784f504c544b6e79415075616754466757446b614230797033474b4c496b6e4954583037516a73643168776b71524d5350584d646476785830683644614b443544485362386b5939576c4f6b346b4551482f3363736d52586b524a5a58546d41623867622f3970566a616265373633686753306e37464935745a49667561772f7a7651303774705a32506b5937657a76703757304d384674767158445053684852655537472b4a746d6b3864727141444f34562b616a5465767274504e76584a39724c495453446f7934456731592f6c7170743266496e46764f7167714e4a7a49737a67676955386a4b5256484143594e58434d474a6a695334717361476d377933704f69322f6758303945343056336463656a3367584e52743446525651586d446a795358536835527365506f52222c226e6f6e6365223a2244384a75505354377a564a34222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'REPEATED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'd23cad14-00c0-4306-b05b-b69267ee8ab5', 'P2026112700FYJTH2FQ9ZQ7MEXV7C1G');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-6d86-7221-bdd3-ab87a77574fe', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:23.910222+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532330a7765636861747061792d6e6f6e63653a204666596b506b425641395a6f316971744e52716c3063476271543158656c58470a7765636861747061792d7369676e61747572653a20617964506962553965444f6c4e31417539445270456434684f4e6e63565562736f7931566e772b664e5a654a41732f2f4e7233513770634e3750637472443178585431777770373679764b6738542b7a3466524f6754437a644f4b6376666672646d75674f4c45523476306975444364494953396668474e4c6f723263584562514b57656651686f434b7777634878495779522f4c69696a446265483872526b3338356e565247716862422f427a56656e79574152684e7a574b6e414936324b52494342476a45503036396b73307368637447515238576a565054576e5359695175694d334a335a32383862506e51377a6f777244414b30694877586c4552746c6375577365344a6e42724a4a6a6155346250706853796e773849735a4937357537502b31754f5375543549614d514f6a304b744b5548753278462f4a34497965516e3336776f6d2f777157713961392b6c4f536f513d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32332b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2264323363616431342d303063302d343330362d623035622d623639323637656538616235222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a224249776d66696d38424444642f315a6d516841642b6d6443436e554462426858716a6d7068734533354c335861684764587569612f4569554d774a4778586a6243517a4d6931636b486a4d324631393166553649366662712f6c764d593648624e48572b774a7a424856654e65786d31574b7a4c4a72526154784c6c374e43664631314838737748377162343332504430446e6241494f566737664c5148452b4e2b6d584e7a54415659414f746957454f74514b736c47794159594f544e716256776f7a72674e396f6337446e4d376537365053463070794747546b7458394554434b54743050707335587269594636704233394a4c3630502f66482b453368462b564c4f3156436355486e2b783761686f7959422f6f3466642b586f5138495837766f46576c2f6c3966396b2b504877724a6d48512f57545135424e5a75394458437147577a51517352677446756b6f59795748357749686336435a64733344465536577536726753426c58446d35433636305943442f56357a4977446a6a726e3376554c642b704e63316b734c515539786852706d5a58797042586234733068584e6241724d376f3857315277614e6b4633534d58317036736e6d51476c457631715a71632b7343483344576638356d624d782f31636947324f2f706d4a476470754643782f4a4557482b695544624a2b3565544632773932527135312f6976536b65767931537670774f304e326842632b3861444456354964726264644772642f53624c44753345347a4545794c445051466a343042776331586252542b524650756e553172526f2f4539796750716e71374e3136222c226e6f6e6365223a22717a687a5a594c4967384131222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'REPEATED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'd23cad14-00c0-4306-b05b-b69267ee8ab5', 'P2026112700FYJTH2FQ9ZQ7MEXV7C1G');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-6d86-7c97-b001-caa20229315c', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:23.910906+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532330a7765636861747061792d6e6f6e63653a2047777a6951313677727230726d61483535735647396d67584e6f595041514a670a7765636861747061792d7369676e61747572653a2068787643412f70465a6d5661466932304b73593551327039685645696775355974743262665148662b6c3378725330554d347770346e317974753673346a52515a304c44344455413842463854355a7173744d4765446d396477784543457971744867514a655343516b7a42354d74444d50464b6a354d416a79436f4c6e6d476d304a324d5763774b4979424c417a516a75657251304b7a766132414b79774e552f543465396c4f2f6a7a34414c316b4f523143376e485662727361566b574138326b3031763437367364556f4975515271794553737656574356366f53574174636867336d6f7163485a544554305a4652633948734a514b345150542b364756384c553452656477775248386f506c733654656437504b324f38653946712b4d385868722b495469486c7262466a7252546d4a2b41354676782b48554f3372727854575735546a726c67667a4c354545366e6239413d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32332b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2264323363616431342d303063302d343330362d623035622d623639323637656538616235222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a227574736e67456e5076324579626730685a694648623652494853654261466d446e2f7a5a4f7373484b304a453957737045564858626e735a36774e5639316c4445436833757058395745756a37626470636f77464738516247696b79764239336d616749394d32683250386259677976684f73304f446446687779616c596a714b4b377868387a352f4c636e41353577746b624a4631734755646d74344e785038744135335430732f67537146426a736d52653679645a4943765667797657576538644a34557935754f536e396c34505a447367694251334c4b4c78494f444d30454366574b6f6d356b72487a4657494173614b77546853535071626c7773514f352b753859586b526848436867414f78476963577742356370335972334a647579734a74424c764a394551525233786d39616466703863326c36496477566c796449464c324239654432703545345959536c66716e48484d57427570344f7534394c7962746f474e74644236697a55394b344f782b2b647a386249382f3662726935444a5235505a35766b66524b6e7870616768424e73795262616937676b72576458376954434c75493937556e7a6c4a366d456c376b536b3439465957593855473744564732515759474f494f56565133464d5a2b315a6153474862304d6961334b6858384942792b3274424c6a7874344d6e4449656a737976562f615051374b6b6b4f586e304934466e7163787750765046704e6958376d746a45782f4637794d44452b6a4c494c6d4658785843584c3676384e4f4e786f596b66722f394173496c6f78776334644251696366456d583579382b36222c226e6f6e6365223a2270526e383379714379444734222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'REPEATED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'd23cad14-00c0-4306-b05b-b69267ee8ab5', 'P2026112700FYJTH2FQ9ZQ7MEXV7C1G');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-6f7a-70dc-a6ca-aa6def2b2d0a', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:24.410526+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532340a7765636861747061792d6e6f6e63653a20415a64507975507942526f4e33434b734e6a31305633776170533473414136780a7765636861747061792d7369676e61747572653a2049596d566e694839727137576f792b633535756c4a4269657146444f32724c734c55415346476344776c475267554c633542692f376c5a5567464d6147377472432f3847344a334970637a474e4d712b7a516e5a3873334c335873554f6573776f575772686262456c6c586b30484c51636b4e6e2b524c653752616b31754546704758536f38384c5953674d4f2b53466c4c41476453424d322b336e62444251654c4e6e6d657a58583171366578576476664f652b573874794637767a4f624f6c56316f67517743302b37677448476b78374972436a4f6c56617954386255322f396866465164487a77665046453668737076302f4c78483778386f4c624f51496f7834347256427734614950563967463848636741562b3076313131756c35734f6871374b584d4b54754c676d58675a35387473686f324f564c784b707473583967327774523868554e553236756b75664c2b67773d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32342b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2262306231663838662d656630622d343964622d383861662d663037653764363061316564222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a226f396473346e425175337762426f51546739506d4f6c725736776a5553655046524b73733172582b617055736b307477526a4d684c33674a476a4942717434317946354c713865554842515378726d4c5535686836566c634d7834494b6e707849534c335a7a6a426a5758384237586b327279726867464575524d485a5a725159666c456b4833797870714f4a306137766e48533079646a6654625454574545304e55476f67366a504f54506e47634b634b6a72494b63427a6e644278427850434436614139672f34477061796c46547573747659622b61656e7a5452355a4e6a75667033756539704e5365674532426c4e746245787948726d4a694f7761364f586336464a6d4c626a6133454d574f6b43714a636b454b6d54476c576a656d4a496f445470495334687a676b6a733268794f7438443071727549685a6b2b3470772b3270524e354e46416c2f734541702f79683059687638524746634737507a6778486c366968754c766d32484e335052537751794d43566c534e57545a4948764f59434c4d68537750776b5144444a646833784431626d693244697667457357384c4f4c494e52412f716c493774544e50364732415159642f3358382f6341417a55737a64335a7a352f4d6c636c435232484d4976486e5675747a35316365697430416a4c6a524b38584d72666f7666586d35534b51346b50766866456e656f542b59574f6737596261415a7a5373736f45386d5971774838514c34506779593458717645373955324645763366644e7745656830784251595a466d685870324734437951703651336c6d57745478493935566e6c6c222c226e6f6e6365223a227767425146415835626c3964222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'b0b1f88f-ef0b-49db-88af-f07e7d60a1ed', 'P2026112700FYJYG34G8ZBZFMANPA2J');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-7bef-782a-bc83-52f7157d77c7', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:27.599635+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532370a7765636861747061792d6e6f6e63653a20524b4c546a716e695a7756785132334f6a4a7530674675536e634b36334743410a7765636861747061792d7369676e61747572653a206868764d6e4e6f6b37533978583964524c532b72514f3943527a4368695a766e307472326854713655734d50697246585561684b2f387933424c49304a4e6331424c3438597a4c76674e4e595a436b337977637a355733745955494b7035576a3449707a754d413637743532673138656750594153534a7a3054624d4d556e34654b4c6e456371306f744c6c5835737a616b4f3663624b735a6f58583962333364305939516366783846526e5474334537306636304244386d755879665967346b47354e7a2b46726259734854485342376263454e536b77515261706554572b77356e6d4a336836656765597674514b526835334f4446494554595039572f473678467664773049496d474433644c5a474a515857697845656d5a4d4f7770646e7633623544426939626868552f4a78744231456e5463524f6c7032374447476c737a2b664442594b6d593267736251454b484246413d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203836340a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32372b30383a3030222c226576656e745f74797065223a22524546554e442e53554343455353222c226964223a2262653563633939332d386363622d346265612d616666612d323134356162353464373934222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a22726566756e64222c2263697068657274657874223a227475306f5468632f7972524d30664d4547765559696736742b7135676a62566f6759446e43434b305a74323342374350783749696158692f6f7546506b52722f6f72514a394a2f4b42484d356d736a774769576d596d6e6d77746d3862756367393144344e705a392f793742797775744c574132542f705a2f454f70335a45576a575a4d53746144494a5379316f2f5236444a7a42577534544339422b74634d61444a4873324c4545317266374a484274724339622b75443172744c30546743716e4839474a32474859494b2f366c4c6547667753485a6f536d706a32356671596553745453714e724a71354444365044636d7a376b336f4635764a706f6b6b7872414856655857337a66707150537754395166717a49486d66484a694d6a646d43304d486d55374250414d48666761784c316c6d472b555671416c46443869704b31466a6676536331732f58566b5954414b52367047646a3950765a667367744e356e392b416166534d692f56585352576149797543562f554357334d6d456d7273425662374b764f74514665476155694d55396f3851544f63734143674c725138457a745544352b684d31726c4572673441476656484b714b665a764e5765584359516f584350564251516b776634395755647a58787a735a554d395831614c7a46755655555167676e4c50316943525846744e474e51587363444f4c4a3850446f734d3261646a446338506e547a4476622f734a687a782b30675a41476830483662673d3d222c226e6f6e6365223a226446687a4f6c58395a497a4d222c226f726967696e616c5f74797065223a22726566756e64227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e98080e6acbee68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'be5cc993-8ccb-4bea-affa-2145ab54d794', 'P2026112700FYKK2AFENKPCPNAWHQ8T');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-6fe2-77fa-ba14-9ef96a00ed37', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:24.514444+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532340a7765636861747061792d6e6f6e63653a20446d6e396b6d4953354843585636317568306f336b4851676c385a356b5662420a7765636861747061792d7369676e61747572653a206776324f75462b744932694e3543304a314961324c7759785062384d466966703030564431483378487649782b2b54343271506c39553966687a3071756a3841374430557045434d4a322b63467773754b3054622f386d653163377570655368533756444e4e39666c455633476f4c4f366e357174706e7a344a6e436a6b507a454e4c2f39714f614e2b704242714757344b376844794f347463466c6f4a656d4b73787136694b7256684e4863362b6d5641577256547a57546563646f3248664c753863527438614958476e366a6971566371374871447375467331426a75376a4a58384e6e4e5a53724b54765065503847785551434f423461444e6c624d48766a38515059644b2f3144445254767959524b574369755936765a79446a6357476c4e336e346e442f614c7046567066783774534363636e7747346d6c446842705879736649546f5266544a6b4c50666f776c6458513d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203931350a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32342b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2234636261313063392d376666392d346137302d393938322d303739633336663833633930222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a22596c496843786d33656a68513937624f5a51425a794b5367725a7956434a6530792f4e6c7a4254594a6869744e5268362b70444479344d6c4a68752f3744304f78596179397848704f3842796f35344c53396c6e33702f544b6643444c54796a696270742b5338386e58704567356a69414444436e42743679495778674336665047444e36576539447a5a7a455067437a4d6e59666f334569364a62566e4d524552514a7039546d76424b5163336a6878496f593643694932644c47335368594a30414f6551752b35784a535a6a6e544231484337656c434863346b6f5447363046376a6a4c61314b3565556f2b67754251394b347a704a326d635a5332735a31547957754b5244426b557968422f584e3873454b5778705275686a382f64315536682b4c7a7064557366507a4847464779536d636f676b7875557733486338553959732b626757577437787833546335376b56506457302f6759595863787350384c7178345955767a54556c756f4b477343616c584c5177705a54327650774750424e4d51676337464c5330713742773855555966474255685a6b6b3933393870694c7765386b546343305862516a61384b317a724f72776b3558624b314d426b7845374b34785945425743352f30775a2b69774836484646784f384e5453486b3759576636516c3171574450763037346d7a3662737966462b61324375585a4a52732f6b77595658345845794a3041692b493865787258734766776e2f5566375331514d58596b544a4578376e3764566859364642636e572f46514d644d43325561345a524a7251343d222c226e6f6e6365223a22456458734b306b3546416731222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'REJECTED', 'SIGNATURE_INVALID', 'the signature does not verify', NULL, NULL, NULL);
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-7005-77f3-b61d-a3bd003ff866', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:24.549192+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532340a7765636861747061792d6e6f6e63653a20654a4e7952687a6c553764476c31656477585855394a555a436e426a447535300a7765636861747061792d7369676e61747572653a205745434841545041592f5349474e544553542f52653245693261462f5555696d775256543835574442424b794d496b3076457435636867727634554c37312f4c326a346b58782b49323738745963474f68326674304b64756561633764346e37735a5674373670635072486a5975474f38766f2f6d57686665776763506453656d386e45503733796335334f506149366f6a6835534c69667843346e327072374e584e52374974326c6f646d5450685a70644566772f7a2f56343569357a68775a693241456c2f6d71506e582b733137786a51412f5573636c41323437456253534e673872643869766554773251506f41614b6f4d4b446663315841573033664a65334c726241337a424a474a656a794b6a77764454644551385561744550665a676a704d774a7a41354d4171307954584d784b334e37574e31796538776d4f304c6b4c4a74567a51735039313362454564597a377044766a6c5a56614c5458464f627647645471773d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203933310a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32342b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2264643331643661662d363434372d346338362d623032392d313066656636303466353635222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a22774a6b3465504e6e2f687a2b6e686c61424530433746713565586d3430442f392b364c6c614154526e5479646b757a7964654b70626f45574f5058674464645a45707931564e65332f63355a783172385754426132375269504d50546b412b7576323247766145644f744e585357616a56473568783851674d396d546b37424d76446e3934584d502b6c635a534c3473324a47417136344b487a324a6767635a6f6b543542587055417773386b2b63344f4570703975304a326376756c315239382f4a542b4b714e712f3675595067573273365a50306154472b6d4c513934327a6158645a434353586774376a326a5944594867754f767932465473794946655a796a54386276764633343731415a6e7a4863493552494852734e476257546c746b77767842497575664f38366f47675036305a326e502f313178364c55306f4a676c61376649696e5630582f6f527a464442444a674e634a724257355463747048564f7245376e32507071734152582f6a7a78554e446851704b517576576452516b2f466777744f6b4d6643323433456d71336e4a694f5649674244624a49734b4e45664a55685232342f2b534f72426e534a35513476655175514267536c7934306e2f38356667453157556741474c466f314d52392b47626d354c586b33454f576b3538544b763643757a6c706631517956476e6a745876494c366d4d376754704c3743567877694757786a2b2f396b7774516243384d785938363135466233445453366f367763317965374d655239704b6a55747a6d6f716351454a50615a6376634a46333366352f61784d4b716e4b52504459577a66303d222c226e6f6e6365223a22663562636249457534333061222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'REJECTED', 'SIGNATURE_INVALID', 'the signature does not verify', NULL, NULL, NULL);
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-7c41-795a-9a41-85ac029df89d', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:27.681508+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532370a7765636861747061792d6e6f6e63653a20494179695a4b784e4146686d44567944334630366d486f6361327653303836670a7765636861747061792d7369676e61747572653a20437267337a43415650374470576e7951624531394c683955584b4d7344696b2b4835726f6a4f2b684d69656e337865543677754844762b532b794978736d494b466b3149454f644d71555545796965365862773841394151517a7947386b5a3535617378647375387073503572573071726a4c4d334639732f3343342f3565464975396d326b44336a56724d37514635785650744d33516979344c514935736f31554d7362595856545335774267553733664559426e7177664e4b36336a7535596f5a616443786a356e4a554b50445855665a3152742b723271784a7347732b45425358304737554b6755622f737859366f324656664e74736c367a6a72684f4d5842644e39794430676571424a416158307855633750546a7550323768794863472f53516c666d584b714d3568773634547974596f465267344b4b37324a74744e414b3776412b30745361634f793358376c4f4b673d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32372b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2233396662656236632d656232352d346630302d623231352d626630663736623932643939222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a2271446f43754951576e6475662b4d6d6838563074586e74776273733531354b4759777633325033675074317a48515a4d34577437634543597a544a70556d7157516462427735716c636f4441536e47706c69655378687a786c635675646a556d67505a4c2f43442b4a2b5a2f6e32527457566c75356b5758345a394544476d3234443265527366444470645a5759564f69306c4f6845526357492b364e356e4832612b61706850576a77423247766b5931316e367631575657463259366844485472594b4d715a6b4c5068376a4e7a566c4e7a486f557175516474484f3642547436634d6835366b4f614e6b6653514c5343474a774141743833654a6f5a682f2b6d75685042664d474f79757234396268552b457a786e77777246647a3054596d433268674849797871706a64517a35497041722f54516b7a376e343066694f787a743070656c373539363952443941396e584649354e47507a6e53672b4c614373566d4766304753484172692f686d32763933554a357975734a4d794769494678476b6332485578386339546c302f55413257726b616b504769695845385370675642454137375468354e6b427777726f7231633355684c485965374b75337969494b666d745a47456a796e2b754b4845375a453435564c425231412f526f424b2b494e686c53456e51586236624f2b4c664c7061482b4337456969665a414e7859334a392b444b2f5a325575554c784e4976363337516f704974652f4d7872754f595a336c535768575872745a63632f614c43424278396d42426966717665393143334e7735325067675173474a577834496472756e222c226e6f6e6365223a226651364b5355396265485656222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '39fbeb6c-eb25-4f00-b215-bf0f76b92d99', 'P2026112700FYKR4K540J6CKG1AG83J');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-8171-7fce-bbfb-ae02021cf00c', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:29.009619+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532390a7765636861747061792d6e6f6e63653a204d5131433352683877394b30317047333777504a366e393146516b397350584f0a7765636861747061792d7369676e61747572653a206974487372566e6f65744577764b47704368534938774d545031427a7672336158772b7843493831617057532f55765834503577332f772f726a4d4c4747724c5a7771706a7a3465344f2f526a6645544a4e5238465278313678485852694d4b4f49322b38735774383078655945775465506661424c3747754862424454765474766f574276427279746b4f5366545845414968455848776371774c6b5a51662f42596a64376a325766533850526262364569622b2b5831434361544a544234634874344273444a734d386b6230494776524645466b796f587a7653575446374f7174597a7a796e435153316d79556e46416c79354b77316564444a5049304953546e54356577674f44773057526f56453964657a2f6f6355454939377a4938627654335569413977576d514239574772426a594c413361384866393173337a4264734a47742b6e2b315747667439357362335049413d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203837360a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32392b30383a3030222c226576656e745f74797065223a22524546554e442e53554343455353222c226964223a2262336638383331622d653664382d343133382d393161352d363035353138343666363761222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a22726566756e64222c2263697068657274657874223a224762595261674b596176395a49527a6a367433436d7a2b58725551756b33496a6579646955777458764631536f7351447763766b4f2b5164435a374b4a33445a506d413245432b66667a2b2b6b464759316941493239667977634f7048657364504132662b2b7a79377752672f73696432445863316f30495a6f2b656a73525574776d69417347504457626e4241613471726c764b6872384c3664567a48694e303850314d2b705574466f4245344749424e3034686145674d4d35756e59446b5565366f5834563051746b7a5a2b496c5453733750424d45557476344e66706b644c396a4c335a43563065624e306642526d4a4e644a6447436b6647302f68505478712f66494639374137766c6b2f465755766b665743594d6b6f343656434b4a6c5a455734707a6f5a47626b75647a7178456a4c5449443956426a61666d6e4f6937677962454c506a425472526e446b4837786176537a34657934763041696c71723348477846634d324643643271644d31592b7a694c4c446e376638396a42417938485956724d44704277586968315539503839766f53577132747a48312b4c77666b41372f516e516b7138415035626b744a574231396e37635742426a497172624633397933562f6d35645375334b677a4c5441637545754a6d794b4d437738655a796e416635425a69524f4c5536435378526430684e526272356770587936305339784a74765242375136574238485a4f5533486138754f794177512b425a764253376f6e586d31516e49526e614477222c226e6f6e6365223a224d684c4a7534736556486967222c226f726967696e616c5f74797065223a22726566756e64227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e98080e6acbee68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'b3f8831b-e6d8-4138-91a5-60551846f67a', 'P2026112700FYKXMFM88B2WJBNPTXNP');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-8209-7350-bda6-23a5e183dcd7', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:29.161589+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532390a7765636861747061792d6e6f6e63653a206575567564796466747776644c494c38304869784c65535947433843425373490a7765636861747061792d7369676e61747572653a204c364e516a7473524c47467a507a4c706c36346d515350307073313876795949396b5a3070557071762b7152424436577271613747773852674679555465563651727a6a4b77317358445443326f7235525076555239715a70412b6a6a4867363577502f2f6934794a6e76324c336b6f6f472b544566614173414e47664b70704c507669744e532f4a4344694d716255724a56754c3837314245622f4931324b6b4e306b394a32667976666f4c6b762b45324f354a476a68666f4252523352437362517345415845524c366570794c747a67325747314e673837426a2f764e32306637552f78466b63736e4b504a334e562b582b7878525a76655a337752586d367a4e574b677033592f6f6344474b365a434a4d376a443242482f5469526c6c6c6138383356646f745934786458776f5a6e36676a5850506d575674475066576a7331723261554445536375373232733155336c68413d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32392b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2239313136643338662d346361622d343234642d623233332d643733396532623965613237222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a2257685170734d34447439367431326d445169525861786649547a7749437047454b3331796f4e62554c54356a55353361775079472b4c65484e3161385a67466f57527a377a367a6b4c4b2f6a4c61435972365946425875364148433233574436626a6a47367a347a76747331562f5451774867454848484f436955426c6e4d327270754633445933684636376676526e6666536e776a692f4651374347754b5357504a3371707a4972376f65754d4f4a446334625370396d664a6530782f764f482f4373587265784e35506932784b45767437664c6537442f6674476a66314b525a486e316c687a66796547766e71344b4b366a4f374142356b4548465561712b5733626a71457a304f4e59322b7a532f4364624a675863413237682f37316c644876493546756e302b356c71546576396668366f564b64316a61427a6162483761524c6d783332356559662f576353464d66374c68612b7135614a435156416a724d4d3456357a5051504f4c41507641394b516448622f4961646530794e3432344e674c4838745639334141774867697336355a38316d4e674631476941476f6a4268714b42464e676f693067657977495a537743697a754f655178613859573074694b364d6e44363063764f4d6a6f325a71693473376b766e30624b54575955365a3169724b775a47754e5434314243344b723657417273312f3431496c6356736b4e7a584d327538794f6766673435517a7a4854746e776d71314d546a383931612f597754476a4e6a465a72514f4d594e39745a697977596f50366e525144392b6b7779316f746f47497645526b3172566e71736c222c226e6f6e6365223a224a5051394b4457746c314c52222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '9116d38f-4cab-424d-b233-d739e2b9ea27', 'P2026112700FYM3JE7TCKBBXFEYSGME');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-7034-78f7-b374-71d3633a5e7c', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:24.596537+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532340a7765636861747061792d6e6f6e63653a2042504954327161784269496e765243306c776c7276725a4b3641437a7a6639730a7765636861747061792d7369676e61747572653a206546506445574a7679314646557a4672354f52715271722b5a616c73374768742b46576349616272434b556c48366c506654386e35565a48563341394b5848433236565371676c6732686661447446367a6a492b79624c31426332356171504f474862725a5375756a634668756241714978674445385257672b436b46464c396648554b737665485a4c465834476e574a44774e7675427278516a6d2f516863597a7048645052417a4b314c49774e36574d775336545941415a484e4c7a45632b724c4363686a62337265726c414d66323073376b6e5270433273494a6d7a78526a46634a5472506f35515a7a4e5279394e375847625175736c692b6e584f44483044763330785135754d636d4e3531354862536476777363655762722f4377534b48764162515a58734d485674456c674d534b6f364d766b72386c4773794c67367a6444636a43484641653136454f77514d4246773d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203933310a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32342b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2264643331643661662d363434372d346338362d623032392d313066656636303466353635222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a22594c6d5361714b734f527466524b736377416a48373638575938774363714e6d614c6b34757a466332613647736d65357a4f3133744547634f6e67617965487330704f4e31494e666675517270744a66316759544e4b6d565871534e6378756257496b644c63316642774c43737373485537482f616c465a3156485475347664426a316b4f7573552f744f525a52792b6b7a35514567384537714e4d2b6647466e484535736d414e397a536f7945517171666852545864345a5338514175325079487850494236613374314434454a394130617a613068336c314f2b6274574f57435a4f706d3679675374416c30474e30575374416e6b3679384f636d4c316a6b6147707533447a6b653757464732664d4456666e45647a6b7055515256686553576f754d617a532b307144727445324c41626f55427055653270615834387741444d6b6c6e5a556474525564396139416e4353425231584a4e33646542374363733772714e685470694a3361777477513756775933384e786136722b2b6e64524a6834596d4542746c4478444f4a6862525565394b6f414c44642b624e49706f6434386350414e634e6d53734e62513246494571514d38647142775939494d2b7a79796a6a513364505973494967504b4a657364414d71662f4d6a383058326974424c5333554e696a38387362462f6d2f586e527257757249684a69374c39446f4657492b4a4932527964307643395249385578724c794d566e53675761524c4e426d48692b336537735969752f6b737768335a6274616c62366f385674584d656b4a7158414c6f2b683435333676423771476d62582b4f6c413d222c226e6f6e6365223a227351515a773675687a323757222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'dd31d6af-6447-4c86-b029-10fef604f565', 'P2026112700FYJZACW43BE3689JHMJA');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-70b8-7b26-87a2-361d121bdd31', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:24.728269+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532340a7765636861747061792d6e6f6e63653a20363969696b6e656e4370775764507437483068797036427a6f48686e7064786c0a7765636861747061792d7369676e61747572653a2042567857714f356249356b42525762393450322f562b55437853534a61684942316730486469397831664e6561736133653234574437624c2f3371466a696351586d4f6f4435394747694d4345625530447849446c6e7a4777726a724e33754e66643851346473544855346c4a2b79544f6745436c70384a4d7a726230313071784467713057417a4f524d443271585834617759427038716a5437454c355a4d686d72493068485144596a744c6c746d4f634b564b51715846514369745a67526653506b5345455263674e6d42426675696a5041496669646f6c77435250646f584e57534b776e464655587a5673554d6d5355535050372b485261364f6d455058757243716c6c756e79764774784e795a5358647970586552386e76427066564b5a713272355648356867734939334e6f62657375417a4944614f623968724168794149334e6b5a324c323574626968526754636a773d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203930330a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32342b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2236616566623736372d323436392d346532392d383264622d343862366435656238313030222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a22656c4a757a357273413731374762327a62694868514f4f6f3434626838533455546c4c6f5532665341746767674f6f2b507a414e464748442b2b476971706d554477692f566d474346304e452f754768416e7756374a68542f372f50746e6136646c52444848376a506969306957792f79323246305661413661316b696d5639486451493674396d5141465850454d786843706b3857457731704e786d67696a784e506e6976392f336461517277474a526436552b526d337477385a2f503249634c6a482f54373937615676496644524669624e6f655477714f374364567a5564583467686754414570314d4f6e477051783477456457384e575765786835704e4f534650426f5555354568434663707750564457514636516536595a57646742566a5941306242326f65342f6a715447487875312b714e33336553474e344938644543363631643573566a70526f77726a6a364568394f794d715a336b5278306465736652776b376c6c695a52514679737332694b4934515878595a68594d6b5575695a486a7778527350784b6a6b6e4b3453544b33377847776e5442444f4162316c786d676c532f2b47674942386551382b546b33375230455338484a417a2f4c554b4e696f534e6c6e392b4d6475363759434f346f616a3153706b37726345724e6b4b6f4d79392b773854466a73316e5445486d2b52494d7373356653577a475a4c68324965437a426e49416441674c507a6e7a4a496f737a74776c322b724e4d656a30574a61394e466d6f695331375353766369426857524f544b6a222c226e6f6e6365223a2276644d474c5932767344764c222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'CASE_OPENED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '6aefb767-2469-4e29-82db-48b6d5eb8100', 'P2026112700FYK0XPJE9FEB70P08GJA');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-79a5-79b3-b852-4a51f48bb539', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:27.013712+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532370a7765636861747061792d6e6f6e63653a2077474a4c307536554a496b6b53593470767832623835506e657267784d74636c0a7765636861747061792d7369676e61747572653a2065346f64685530544f364b7033344f6a456d556b306b477331517a563144355a544c446e7a72533665726347447142346945625156533353523359657036626f6c7a633865577132523541794e786a414b59594a5367752b4533506a7947587a71616f64326b6a71617876713931477936634f7a7831516a424d7933426d59344e45424b4b6f54665377726577566e62457836736c2b2b4837624e6e475766433638417a6a307838326e424b6977426b5a3773727a353773444c726f5667424e4d396e695a4e4a6b2b66763647436c5761355a3258575a4a6352467951766c4d58744a2b5469344338736e70352b32676c303275534d36545673685268314c4865305642766f2f686f4d636532547036466c31666a5545447276306575625767704b42417539364135716932486b34763939376834357a4f356d33624233334f6767453873794f6349516856765751736932535832673d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32372b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2234623534366166302d306334322d343465302d396634322d356632353939666136393834222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a22445351666b376165356f377158523341726256664f6a4864766d6567517561544843425332757673313432444d6e616b6b6a517a7857305762615270357651726e6a6e6a625652395a7a63783963354a3943394971744c44473652514330662f526e49353965776b31636d412b4c636b73506259536931475a453653597555516e4f4577385a4c4b4a48626539627a6834616c58316e6275725430796e78514734642f5938524461376976592b38527a44646e68306d45612b4d7572704b582b34444639784e735a4b637a6e382b7966436c78784454674e63645237736b3477354d76554434645731334a586b4f365266496c7931595156787243526a684d7275596670676e367172324b512f467266324955582b4f386341447571487245424b6d66534e5067347775547a476e68566468613842426c554d6c58424341685843634a474667446a673451575a576f6b62467a747750707a576d637454595661396c4148584237497644437757343668544f506f686b622b4d4278356861375064556358386545746c75386e7847676b3935395a396a34446f486e6b304a7542516a2b45726370595455634142706142416676486c59542b7663466b575973737a30687653476c6d744a6e366d6261476a59714f344c7a436f36412f705465354e6d537a59425470394d325835364f446e2f6344634a334c494e4d726e696a62726767496e7749706b5476433441774c627248584c6c5a576a34635a3663523039766756356c72503178436771724e6c7832705973397338574e736f7032346e677434384339366951364b785965694f78316e5563314579222c226e6f6e6365223a227733754b55446e704654326e222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '4b546af0-0c42-44e0-9f42-5f2599fa6984', 'P2026112700FYKK2AFENKPCPNAWHQ8T');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-7bbd-7340-b9d9-5243dc9bbbaa', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:27.549164+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532370a7765636861747061792d6e6f6e63653a2046344e76386d447858726b4d7679366e664e45353253316867666542366351570a7765636861747061792d7369676e61747572653a204b374f4a6a336f677345336378535837624d65304c51754b6e677944585141557844343937424976417549426947746c59766d30786576727148644f79696c3334594e495a7937794d365149772f547a6368754f475853637671766e744955496930774e6e566f454d2b434c365535436667524d69455a4d686f737a513579554e5a6638574f4e58386e3579536773797a577a626e4c55644271392b576741637374724b7750724d62743476786662795567794a5474307a54512b487943506e694830317646786f634e6d68436f61506b74776b6f736e46725a38686d456e4f6a34312b745a715276314b682f6a6f316e756278396e6f4236707a6858485a4c6c36574675674165304d6d725049695776436f6c3131334567464b7364322f393275566d704257384b3749303344634656755456384e4944453866424a3368374e3038765044542f3238494941764b71776b517146513d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203836340a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32372b30383a3030222c226576656e745f74797065223a22524546554e442e53554343455353222c226964223a2236623363333062342d356663392d343032362d616437352d326432646335653263353062222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a22726566756e64222c2263697068657274657874223a226e6a6c33647678626b546c6458766e73736a724a4538754a52737747524648337636715830446c6b4357554d347556566b757364437573506c64432f564c3838695541464e432b7359504f36306771644e6f34722f49444656776f6c667a37476f767239522b50794e5a455358644b6e646742556d4d536e4f752f3869497149473559386e43436c5751354939435656686e46627945352b594c5475544d5047415048616a6144394933755141304979787973705878574a6252376a614143465741354f2f4b75735948552b476e62477635796b75324c5061413875363649342b5853366b6d6a3864597355594b53376267637152445752624a5767464672356c4b73424c644d77366f53616a334b5273786a76644358774f564f4c655233316242526e416b6768325a70682b4864466750616865774b7672497779466973386b514751427a753432766f6e5234546a5838693445524c324e4f466356675249685a706a78636e706e6642526b6e634d336154306a3254376f552f433965574c68586a4e7461545831726359715a6966776c794d5470743959745a614d43503337616654414a7342413662736e37795853374e567a79724d5a4952593073785a64764f4e445130706f54414676473245334675345235683854365669524d7066616d6e4c52364444546750396d7164436d617138696870786569364e2f2b4257345278686877544c34363270484442726c61425a4456674a626e78724f4671566b31575075596b32222c226e6f6e6365223a22677679485757794467366673222c226f726967696e616c5f74797065223a22726566756e64227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e98080e6acbee68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '6b3c30b4-5fc9-4026-ad75-2d2dc5e2c50b', 'P2026112700FYKK2AFENKPCPNAWHQ8T');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-796e-7603-bb1e-3bfd63e65ca9', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:26.958445+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532360a7765636861747061792d6e6f6e63653a20614e314a333253585a6a33754745484e584658496f64756e413761486a7636450a7765636861747061792d7369676e61747572653a20682f37523649735148374f636731755346587a6866643168326673516f32556f6a452f325737584b4c7066344c525a7156696446596a74325446355546566974614f6e555367442f6948656b676270387256414569316a5252794a73597754627547776e4a6b43757978334967725946497045616c5268613535756d375630696b2b686e4e3536674a616458727669744877646f4d417062397159425a6e6e337438656f3937734a494a4b42695a336562485462415a6a385569784b5630436e6f4a4475304e595a746d516a3873594a43495266305556686f4b315a6f5479635a4d6e724c5a61377479356d574c34746d58632f6d507255594641455730616e72467832722f706d4f414c7a776c78356549476c5241626b5275584e6d4630733251754844414e4e7758577931587057422b4d6f534238316d4e386a423072483856386557734c5665742b622b752b676753745246673d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32362b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2266373836316136352d316330322d343631342d386135612d353166396561383935396133222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a2247674a3869315a6c5454764d52524b324c6e45413979635370716f3862485239423558756c4c474c5a2f444f54712b4245584d4174775866317a793032486156566f4e4a46534e37477178622b39794e756f4a4a622b73473031767a517458644d336b724e3979417a4b4e6d6f7956504930396f6a4a45753774437a6d444f6278674c794374683931474d6c4b7731624b3557756d43716f494746716e53307354646c654a5834696b4e726d6644774f686146393532666551416b66757375513969643635426b456f456d2b375061627435584e63796a3932736833736868526d73704b6c366955547178664274764a33554e3141735374376d37576749626769596d616f556e6b4632664e2b7a7044525147302f30397057714f49416f535a545959717043495a527479774b624e7270554c2b394577712b4e5a694e517173386c446572626754547664336f4a3062475146356e6734586135334b786944726259395939504a6946736461514557736c4c6756724d68755a4c6c4466493536495171636b65784b33794a464b425266335a496135705939476649434967566c59566c766e6172656d6d30634a696a6f2b306d312b6533724d584a70646a6f30464a676e69416e315376445633697a39304e642b434d614a6432387962474e396e6f6c595867362f4851797158446b5152563951493372627741456e74684549492b7838387a39476e35516e4347524561474d55737877435a552f777877753756566167754e583444646b6233744d3663474472763067704f41696857367857787569642f7073706f757559696846435279703270717a78222c226e6f6e6365223a22306f6971477a644b54413844222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'f7861a65-1c02-4614-8a5a-51f9ea8959a3', 'P2026112700FYK28T3N6PZQV7J4F2JA');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-7c51-7429-8733-8c65d5546fb3', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:27.697678+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532370a7765636861747061792d6e6f6e63653a207245686b645757495a663267717568786631336b373275616a3033576e5348590a7765636861747061792d7369676e61747572653a206a514e4e77507339732f444771786d6b4c77306e66646e367a5872326b456b3342775532683871553232334f4e4272673551446e566c79354d506637784c66786d35314148492f557959567959584c797a7174775853692b746e354e7a337248506c7149343653484d5170746461775847367567367866594c42596a304f31514337504f323373316c4f4574705964376451565433674f78784466474d625545734b6e2f6e3731494a68624d524f417843764e486b792f4a6a664b44324848687135656b52506d77585345396254643350376267426e5855674f41667a654a567241473858454a5555657470416231435a7561684b4a7250515835516b6a2f49306641636a637165716856584154516c4d53586b364f3562626e30666b7962446f47395271706469695a326651684255524b6144415a5062484a3173416c466533627566703170726f494b6f6847316f4465735474413d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32372b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2236633838326539352d333165622d343337382d393563622d363764646234646235656366222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a22784539417a546754516c335464316a313039544f7358714d2f576742534533376b4b4c50304e356932486e6c64496965624447417a4871782b5a583575536a5a6839764d75646970487739686942653345696445504c4a706979716c78452f43323650456e5061665a7774317730457937773738454d73394c512f6c32656d792b4734743257416c666b646d32763941342f502b4158544648386c624136656270306e6a4d4470664c4f636c6a636e6a4137354270486677794a4253516e645a4d654e6f33664f41417a616575527a6e5169475178574751514b4852464f66343966454532777069786763336238686c6d67644b39344a50332b62435651642b73664b52684a78323948783834304f4b7731316158417777744b6974347970316f496f32583432355a2b4e63684c4b636f6d5051632f743550566f32696a6a44346d47442b57486a387031575a5132654e556d465959367169554746466674426f364c6e4c48314a554d42596d5458777776644f665743353666416f5a705434357967374243444857593033474e753664576b3458526367324b5978776e5a5269705a496b7852553451687957657254354d69684f2b75526236506557536a6e4e562f444154732f2f59542b4b584e33364c4c6642656776444f4b776b48427a6c786f76424350456a72495173324e6376772f554832706f6d6e5a6b51367530446f4a776f773156734d514751486e63503554775a65304a555643416d346172574a636b4a7531516e48456e34663836665a503676677a61646e3742716f39636732525464325153367572764a4e50304d30734d656d5036222c226e6f6e6365223a22583948434c52637153573359222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '6c882e95-31eb-4378-95cb-67ddb4db5ecf', 'P2026112700FYKRABHEC620Q3RV9YWW');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-7f1a-7e6d-9159-d30756bf5940', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:28.410007+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532380a7765636861747061792d6e6f6e63653a203371637346564a584547586962344b5a7a514a6671636a45453567453632394f0a7765636861747061792d7369676e61747572653a20693941386b6241694a79496d785a41663975444b645651627a78393838773971757767385032454e32596c484f34663250705648656a726270396b7a70437a426248734f6b7a594443534773646b757050464250776a5a6435506649536663426f47504779753651752f73392f6f43375a51434f6e734e7861742f3372735776476f4a7442796f484f6f2b7968756665756f767630526d58514e2f6150497a36344a4c417954434d5678554643413978345944457876354b7a6c633632486142423777706d32354c4d7a4468356f6c47455871374446464a4b61556e516d752f5a3830763658523368324d35383052445838713869335951725265444c43796b4479716432686d7965324f4268396941627a3338414a4544677568487233504b79633557533469436f7a2b79784239496d6352414d594141553175516161614d4c447538792f337a484d69742b385753646d644241513d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32382b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2261616662386234622d363663642d346531662d623462632d356164636164303538313864222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a22502f705a387843354e3633372f4f39366a716255494a456464362b4570742b4b74776b6e787238566853704f4c3647434a6e624d3752626747365141355a7446496e4d686b5566444a39776a593750734f726444425144784f524f335676396e58545738466949386b742b662b375637634c546f5837777252454a536935444f333761703633664f526674424e4865314f48576b2b376b576237536e2b3441694e48316b4f6e746a7754785574413844316c4d3450524472734f6a496c494b502f62726d6e525430374b4a66526c59336c61706963684f612f49637262596461766d4369785a735731654461465271633647334c327a70482b4b69744d4d41704479447a796946387550776657706c6b45764343752f526174507a772f526c41526c414179724e734c6a4238344a51592b37626b454d38756679304e547343665a484d4838687a382b456331717737435163465032544a45374659436d2b6d717a496f4d4771617164325438526b514b51564d7844342b5a6c6476555750736a326e783971686f61334f45576462724f36763349527962784d6e38786a31645963786e3954585059624f317943647a3566453568424d463456303664346a38506e6b377174737777513871554e4f542f79524d724d7049534732696e47325051416238475a6949695a2f357a763959324b53795456316d525875584275346f73444951517a504d5a6d5a4465734942426d38515644387353557876634555464f596239414a6e6d4245434e477975506d75724b754172364471655547636c6e6d6b6b4e784d416867626c346f6b6d397045372f75506b6e74222c226e6f6e6365223a22356f707256415766766c4871222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'aafb8b4b-66cd-4e1f-b4bc-5adcad05818d', 'P2026112700FYKXMFM88B2WJBNPTXNP');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-7e87-7554-a1d6-2d7fbeb2fa68', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:28.263147+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532380a7765636861747061792d6e6f6e63653a206f44794174504c46384e52787a645130676b3072477671565249566b453075740a7765636861747061792d7369676e61747572653a2043755a73514b5a4a6c6576783248384845384c47476d30674b6a66534c3456386e525a5a52474d70386548616e513964646a5479436e4b4664464177736833476847336f6a3648516647334466704574364c386e476c31534d4939504868507164666a62313578626a6e7831784762462b443049487931664338697155794b304b2f57494846453859327031506b735a667a345055764c484e31726e744276464b736f553748323742485758674f6f72637648777336746570764f4772716e735479704f6c7953712f62727166394d2b5243426c67675a77634a6f33716d315a705764664c647870366634662b4749386e6d74463876664156664d4c387762316d2f4b6d662b4f66706c5a614a4e446d66736561634a304a3046515158634365615469654b486b774e5a5a43684f54716c4a3755494351306b417269684333524a67516239482b46563939487931706d6b684f5948513d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203837360a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32382b30383a3030222c226576656e745f74797065223a22524546554e442e53554343455353222c226964223a2231333033346534312d336231662d343565642d393939632d616166343232323434396236222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a22726566756e64222c2263697068657274657874223a224d5852715a6f4d796f37734d5642645536567967456467666663576171596643746e4b5a577738563841357032486c494e3358517269674b394e5a5a723031576e676146416579575959436a52636a422b68342b434b364267684d4a4f6b3348365146623271695541624166496e44446e7a53345854765765455659377873316f59635546786f6442502b7134775a454b72747057477566514c5a77307675745563556a75427a6f6554313939704d6454364634314177464946644667556f4f45744d707768784f30516e47587572337a356e4271433336336d67745a415659772b48632b716e4367484944522b2b67354f5445686a74533966677456744e467a6b652b4c5563744774577361493439536572776e68636e72536d41655336777966566c56333862306e304b6b6c514375416b4942324c62416f2b6e59616b61794c6667765157446245613348683259486e5a3952584f6f6774506d626a764e334c486632554e356c3369706548454156717a35376958356871567a73573738694435626f396e7365586b6f45703737466248667a45386b557475382b366f473550335050477865766e656d523548424151385378574236796c586b49552b753371795843477a57697378314a56716f7536466256784a386a6a51457858655a36513661776969334a6a72702f7a6d38784f4b50704873384156596473433277594c426c723053784a435377366b497a5872706435742b4557536a6c6d3256737141707064664b43414e77746c753571764e6552222c226e6f6e6365223a2245434d4f783655594a45686c222c226f726967696e616c5f74797065223a22726566756e64227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e98080e6acbee68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '13034e41-3b1f-45ed-999c-aaf4222449b6', 'P2026112700FYKRABHEC620Q3RV9YWW');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-8235-7369-b3f5-47f3a5e599ef', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:29.205113+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532390a7765636861747061792d6e6f6e63653a204d717271754f567267445041664752773357747967664a78664b4869783249460a7765636861747061792d7369676e61747572653a204b422f39755a35706171665a4b756d463631436f726d4e3570415274724c466d6a5971755864563532584d4e593245495432705452785a76586c736757567345746c495758624b4f304970316377314d6a774b2b2f632b3444316b716135456c552f34725757367345366165747669335a445473437054304e6e6455784d6165675845336454785875435079654d32334878592f5875357a44553241377749742f512b7a4e664c6570747a61793168634d7138444d5137585643727a43624d57446934344644344e51302f746d44747079457a6b6b41312b70724d77784634474a6c6c6e2f474f5765644735624564553253586d3247496c4246317532767853584b494c4f453962594d46792b3848654b6567327a557333467748524b523263776d306c4b5a564e62556430503841504a4b3761475263305a49473331342b46483244485974483259575767644f63623542623465513d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32392b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2239613962333036302d663535642d346533612d393462392d303137356162383639633666222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a2261796e666b39483043435871616146694f3764495033442f5a4744484f635055524d735857656a794a434f6f326349524d62335a4174506e796b77644a346d41354d71326d6a626d393953355954436d454347424f2b64516e7052686a52492f31314e7867385935755a317a765a6649497a783437495534746330514d4761446d712f2f6e617a55794431477261414f4d595a5637376d5a783968426932582b7a434f3051496f6a62317777444f51716c70424863444e37675478355377454e456969736e794434375363526d345a5145316d656a69676a566948553233504b37314b6275634657566743514b577779484566496e363938793863365a4461313772664c6c32614c6f484a4a4d69617a4a3349524f4b6857684a4e4742746d5a5170685859464b6b4b4975736c4435695536684943557343675656594d50354a3674497753316c5552464f585535415a714c46775652536f796b366149634e456e35364c306777306e5a7070524877662b42615735514e44787037726c776d6579662f59533343344b32316f7a534e416a7a77314a637242645667654273546330793736704a2f41346d7a37612b4a3359534c6c2b6478724e383262526d4750433970496a3958557a706e4f466b55452f655735693270433175756a58717249614a6d4c6e4b3931552b7066496e67476f7732423445566f5568664e513563774f6d4954786f482f596e7a7832475658784159594748694d73796e6e2f72746f4d35714e6a527864565a30624d315378766a33426d6f4c566b57637356545149486e4962497a3579594e516335646c4f7a7a61514a6d7348222c226e6f6e6365223a224b6e55483164625875616963222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '9a9b3060-f55d-4e3a-94b9-0175ab869c6f', 'P2026112700FYM47628QQQYPDEJA6SA');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-7ef8-7be2-8059-f8e740d76660', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:28.37627+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343532380a7765636861747061792d6e6f6e63653a20633572686d456c53474d57304e4e424f3875375452505062413761355a6d6c570a7765636861747061792d7369676e61747572653a204a2b4d344c7a39767147345a72586246786a657948384171356b344c334b506658704a3939796a413043697552647344787230777a4779314f6c4a74376f6175614a3666586e693159656e537a384c563342425947614146514e69314145587367722f596d527170663436364f56394236345932666261374b5168454b3372326855396b4630536c466c54526f6364537a6776626869354f534e757a33594b342f363958495a432b4864586f336d5a41416135775077484d72574e51497848592b554759757a72322b7130754c504449693834655431696e49345152344a4d75557942595979372b4e2f7730476962734e7348353479517136557553686269414b5950395431464f32496a74366e2f4b79357a59773574555647587a31432f636b53794655646568515a794f346c59756976746a3351496a315173794861713762515a6248417335366464466943365253534c7978513d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203932370a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32382b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2239343837306566302d633966352d346235312d396231642d306635623764303537623831222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a22575651356735652f61537567737a702f41305032504f745a6d382f796d7544434a4a764d445638473458316457626b4d5841792b797769427847743651587850556b4f57794f4476746a633774744370684835776c556b5075724b6b36563178796a37476f3232712b744c7331653968322b4b5639302f425451714e44644b35683930543577537a4837326d375461686b7333324f69392b45564a3544376c48786a2f6a39564f6430726c70692b65796b6f4b2f6857666b4c34636b307966784379506a3939556b5664714b33506a574262316536364967376a586875343751436a632f6952593035464a36426f543073724950773350347757456b6766714d43536f2b6b4e755a46736d706e41797a4173436574466a4e7a48635a45627a516a494c336c336e61362b7761637053734a363335626c5354784a516a37646c4f586d584c42736739464453306c4f4c6f55317071326433634971784f344d764a66363757766c68427454443165664c75633267546a6e6b586969424f72354743345376444a644130624b506852687a4853354767782b49556c4965744f306a3963524c6d37666539597a4c5a7a6e6e78536e417a456d5867514b2b2b556f34745851424162396e57515849544f75754b626e664a2b746171654d544e694f78686c6463384a772b4656525231493751317634596b45375a6157465a7649344648633744414d6a3979595a4f42386565796c31336c6c735a65734a43314a2f693343595677586b712b6432504672434174546c4d6c6e6f483972344e706b777431755874734c2b684930466535385632726a3175512b304171222c226e6f6e6365223a2275376b5654506b7a7053686c222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '94870ef0-c9f5-4b51-9b1d-0f5b7d057b81', 'P2026112700FYKXCMQ9WBK06DFHV7ZW');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-8855-797c-9737-ef60f94defce', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:30.773534+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343533300a7765636861747061792d6e6f6e63653a204f73714b6176796b4749546b323549363858394253546c626e646e4e4249334f0a7765636861747061792d7369676e61747572653a2051653973494959672f6c2b786678314677776c70365377516765635a50584d70624457703068597a6545686a69386f5178515a7258497a513776745a43694a766e31654431637544775a713235626948734d49385655553746767a2b476976772f68724862784869744f2f3646374777344950475a7459364e4558577363776a50663077546677626d4a6670385644425573642b57584851684a4c6f69386e347132364471494533704c32466a77733871303432614f697373523070467136387a63325a4a335a3337743752477679516d597533746857676138573077724641315a5a666b4232456132445167314b757a6a6c4b7676587a47687852496f6d444830706655683342453372583836384e3852456a552b48637756382f544b3169784a3275354952676757494c65504263705941716e7a586b4b636577366f6e7341346a4635484e594c6e3773674a716b396c497a2b773d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203836340a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32392b30383a3030222c226576656e745f74797065223a22524546554e442e53554343455353222c226964223a2264376366623262332d383231392d343138642d616164322d383836323933663633633264222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a22726566756e64222c2263697068657274657874223a226c67325a4e2f4d636743496578727735334c6a71324b725076426a782b524779636a6a32626d6167637351774552747966586b507146746a757652646d6d43756852754c5036736b4a346a344e556f577568474178763762316b30634b424177434f4b4e744a6b44373730395374523842382b6275396e484469415279475163586f7232575365625952716d75664b466d2b35664a435153786c6b484d68424264674d424e4c6a4148775670556569706c69416d656a6232386367712f37352b6a70516e75474b594261654d39624d386d655a74557653354d564775666857736151642b72657237636a5346537a5a75696355546c783161776e757177624d346c6678705a51757a303941577732735072586f6d55543033494d6563397a70432b45724d64706a556b666f4b62383479752f6d575a5a6a4c70477033544b78733642323054344d524e636b78694f6d53514e67386b487a4f325870786f6f7668507630342b4b6d6b534a662f556e737235644a6438386930444d4b6b4d676e2b66724b764b4c644a526e44707042334b56334d4b33773657476e78596d2f76563149684f524d53456d464468344248674474546b75476558773430643062325a68363356785952776f454c7a4141486a314a454c34434253727136743731316831327433453966715a46764b594d76746c6736316b3171594b74774d653934644e5352424439786c7430626b764f5136666d6c673545616c6a5749463032444947304a6d63694141222c226e6f6e6365223a226a4a75574e4e637177545a48222c226f726967696e616c5f74797065223a22726566756e64227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e98080e6acbee68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'd7cfb2b3-8219-418d-aad2-886293f63c2d', 'P2026112700FYM47628QQQYPDEJA6SA');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-95d0-752e-9d07-cdb833b58eab', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:34.224771+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343533340a7765636861747061792d6e6f6e63653a207037714f44657147753737764947417268697a64784f526e326557444e32704a0a7765636861747061792d7369676e61747572653a204f736664676f4930706d6c3042734b706a3835746c454978764441464d4b483179396d67534a6b63694f516c58505a386f69794856443445665432587a4e504744796e546c6d4b6e78707334455047506c54785665527545304f316c763678442b387534574665754a5241536546775a51427a5068586179466a4e3178593777302f397a434a6c7671354a675575324465375656534e394934573133316d756c4331714e416878376446627431634a69326e37794c477a3174616b2f6f3157513364497974477335476475795438705a4a3047554737704b76574c526a52302b703742727275646b74774c394d3870425462424b75564e677365634a5a4f595839784450375161612b39585a712f2b767849744a365251345742566a2f3542394f304a6f475336324376516b6176664168757542446f4a376835394b627077546d63626f75554452566b534b596a33514552363545673d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203837360a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a33342b30383a3030222c226576656e745f74797065223a22524546554e442e53554343455353222c226964223a2238363338323838302d363031632d343836372d393730352d353330623132343363646534222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a22726566756e64222c2263697068657274657874223a2273536137347a4637314c3674625a56676236586e5038794a79632f30694a473269304a4f3851366368552f6a6b6641464c5932684d565749672f43534c566c7761793031544b70687238693838522f42436a68486f4b42735551686a4d6370324e5a672f717453796e3145594966477942644a4554623947343166694d4b684f77596643742f3444476569384a372b70424c4b707269796248475471312f41564e4976513941614d366368374950704b73522b34584c555961546474324e7776596d4671524b716b506f59454d67514656535631376d703563344d546f696b2b2f3157422f656932614930634c385858464679734658366f6a33745a676e69666357456677496362652f307353484c5563694d596f4d66336e2b64777273542b6765485a714142455a46565436786d54756368466a67347169583557505048486135614e567650384e37336b7a67396c53626265486f79484246593053513143394839394677432f457a50426f457475435373786b572b564d5669434c597845392f6255446b444a73314568573349687839302f3669344f505936425045684c754f625a494166637474782f715a556f62644155747453554966676458394f734e476774487830756d6a313738516d4951774132494d5838582f56556d5a73622f36724d382b363272313447776d355569526e374364464d77466a636448713437536f777543412f496d6e7549565254562b684d717870545a6b584553544b696c6c47692f6e63646e775775644f58496541593d222c226e6f6e6365223a22306a647a4a687a516649656f222c226f726967696e616c5f74797065223a22726566756e64227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e98080e6acbee68890e58a9f227d', 'APPLIED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '86382880-601c-4867-9705-530b1243cde4', 'P2026112700FYJR8NFHA7Q9R7TKBY6A');
INSERT INTO public.notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, verdict, rejection, rejection_description, verified_by, channel_notification_id, payment_no) VALUES ('01a21e4a-aa98-73a7-83b3-cd63843bd711', 'shop', 'wechat', 'wechat-main', '2026-11-27 18:35:39.544869+00', '/v1/callbacks/wechat/wechat-main', '\x636f6e74656e742d747970653a206170706c69636174696f6e2f6a736f6e0a757365722d6167656e743a204d6f7a696c6c612f342e300a6163636570743a202a2f2a0a707261676d613a206e6f2d63616368650a636f6e6e656374696f6e3a204b6565702d416c6976650a7765636861747061792d74696d657374616d703a20313739353830343533390a7765636861747061792d6e6f6e63653a20556d5749495153695347344c51735471456f6f7739653444795563776d4f67670a7765636861747061792d7369676e61747572653a2061723651585a505257777068464d42756f7042484b633758772b79335333375679453571347335396d534746504c312b6e58507561376a7a47617230486b6f715047527a656d636b6c4d3543724e6652377a2f4977726955314e6e65486c624d41396464626f643058457267436b73416e78775932546b4a34496a54626d4d644b6b4554725431347454626367655847396e5171324967507239316a6f6d6b4d69716e4b534146476c726d716970476c54684d564a4e3978705741767a736845427548652b59535479746f546a594e74724c79457136794f686f5644454f4642616c417855486b557a516855694564715434753679444a4c6b645372666a61644576365367344d6c5646697166786c6162714b36686f395a7a7a6a5a634572796c536554445162623675445630532b494d327266496c3046726a527567436d2b4e4a4a6e6176775a35387069594331575535477751673d3d0a7765636861747061792d73657269616c3a20353836314345333838393539323933304636353334333246374244343443373444453142463536450a7765636861747061792d7369676e61747572652d747970653a20574543484154504159322d5348413235362d525341323034380a686f73743a203132372e302e302e313a32323730350a636f6e74656e742d6c656e6774683a203933310a', '\x7b226372656174655f74696d65223a22323032362d31312d32385430323a33353a32342b30383a3030222c226576656e745f74797065223a225452414e53414354494f4e2e53554343455353222c226964223a2264643331643661662d363434372d346338362d623032392d313066656636303466353635222c227265736f75726365223a7b22616c676f726974686d223a22414541445f4145535f3235365f47434d222c226173736f6369617465645f64617461223a227472616e73616374696f6e222c2263697068657274657874223a2244496b534a4f393743435a316c48614f5469656d726179666834765a794c674c6238654a594769366d4c53312b6970393351495268304d3977317a3859453878574c686b4256554d644779505a3853794f4e333272596758526779476b3442616539686d324b7550375863474a463967577a48735142676c366f4a4173507a617a6b513672327872342b304f31414d6a414c535535497a44684c646b4d3476303649675272384f76632b6b6e76772f374d32316b6c4c7a63615858317246325531596b5a68764c354e415874416c49777546354874573142513556636648784a724e5177546e62334c444c7a4a336c526b4f7051444e417759464e65356f6172683265577571367241364f4874556c6832753766434b356759474b78475a61673758504978656a557868536c46526751777634325a74676d4d6d65446b4577374e46376e656b754a42387867324738636c52322b3670655857596431786d3062555066654d6b415964444161496e71514e7262387a555032702b52797455645a6c473478526d57616c6a6171334e7a43556e4d4b46322f577673576741576f725a62535253375a554e45776c5a7253566c6458784749583663534a6b43586d5849787530714a57306d6d4463303377555732554c7654754f77534572556b77684565356c5735484733416e4d464458536b774a796d324f47563458644d41347161676a617650584f305458706c38377a724b596939623671454b324357616a6d5578665a72653463575a4b443658326e4e6d687258664e30737868454d3558312f7872696976684b685563635363636c5a753541464542494c56413d222c226e6f6e6365223a22385452444c754b32734f7945222c226f726967696e616c5f74797065223a227472616e73616374696f6e227d2c227265736f757263655f74797065223a22656e63727970742d7265736f75726365222c2273756d6d617279223a22e694afe4bb98e68890e58a9f227d', 'REPEATED', NULL, NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', 'dd31d6af-6447-4c86-b029-10fef604f565', 'P2026112700FYJZACW43BE3689JHMJA');


--
-- Data for Name: outbox_event; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-6c5e-743c-a5ef-66e58f28d336', 'shop', 'P2026112700FYJR8NFHA7Q9R7TKBY6A', 2, 0, 'payment.succeeded', '2026-11-27 18:35:23.614208+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-6c68-7080-ae15-51d97f12e9b4', 'shop', 'P2026112700FYJR312QT3MPHWYCTSY8', 2, 0, 'payment.succeeded', '2026-11-27 18:35:23.624971+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-6cc5-75a7-b59b-19d1a7062d12', 'shop', 'P2026112700FYJR8NFHA7Q9R7TKBY6A', 1, 0, 'case.opened', '2026-11-27 18:35:23.71761+00', 'demo-1795804523-story-15-refund-2');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-6cfd-76c3-8f99-8ba062eb7dd3', 'shop', 'P2026112700FYJSF1YS9JDE01YJCGDG', 2, 0, 'payment.succeeded', '2026-11-27 18:35:23.773778+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-6d80-7698-92cc-4973f358138b', 'shop', 'P2026112700FYJTH2FQ9ZQ7MEXV7C1G', 2, 0, 'payment.succeeded', '2026-11-27 18:35:23.904541+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-6e77-7d8f-8627-7237dc955d2a', 'shop', 'P2026112700FYJW6A6CP3QVW0TRFSD8', 2, 0, 'payment.succeeded', '2026-11-27 18:35:24.151366+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-6f1a-74bf-acff-04a76f95a1a2', 'shop', 'P2026112700FYJXEBDEMWJNX0142MGG', 3, 0, 'payment.closed', '2026-11-27 18:35:24.314991+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-6f7a-731f-a2bb-2e153fa440c9', 'shop', 'P2026112700FYJYG34G8ZBZFMANPA2J', 2, 0, 'payment.succeeded', '2026-11-27 18:35:24.410542+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7034-735f-851b-8f643a380e39', 'shop', 'P2026112700FYJZACW43BE3689JHMJA', 2, 0, 'payment.succeeded', '2026-11-27 18:35:24.596559+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-70b8-7ff7-a564-c90899afe783', 'shop', 'P2026112700FYK0XPJE9FEB70P08GJA', 2, 0, 'case.opened', '2026-11-27 18:35:24.728296+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-710d-7f36-b0fa-8c9415fd649f', 'shop', 'P2026112700FYK0XPJE9FEB70P08GJA', 3, 0, 'payment.closed', '2026-11-27 18:35:24.813096+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-796e-77ec-8a84-682492746341', 'shop', 'P2026112700FYK28T3N6PZQV7J4F2JA', 2, 0, 'payment.succeeded', '2026-11-27 18:35:26.958461+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-79a5-75e8-ab9f-70ad62a8969f', 'shop', 'P2026112700FYKK2AFENKPCPNAWHQ8T', 2, 0, 'payment.succeeded', '2026-11-27 18:35:27.013732+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-79c4-745f-8648-d11ae96a4c7c', 'shop', 'P2026112700FYKK2AFENKPCPNAWHQ8T', 1, 0, 'refund.progressed', '2026-11-27 18:35:27.044027+00', 'demo-1795804523-refund-12');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-79f6-7065-b2ed-88b065aa3bce', 'shop', 'P2026112700FYKK2AFENKPCPNAWHQ8T', 1, 0, 'refund.progressed', '2026-11-27 18:35:27.094853+00', 'demo-1795804523-refund-14');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7bbd-7ca2-89e4-0b18ae254c67', 'shop', 'P2026112700FYKK2AFENKPCPNAWHQ8T', 2, 0, 'refund.succeeded', '2026-11-27 18:35:27.549182+00', 'demo-1795804523-refund-12');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7bef-79bc-ba50-c964889139bb', 'shop', 'P2026112700FYKK2AFENKPCPNAWHQ8T', 2, 0, 'refund.succeeded', '2026-11-27 18:35:27.599652+00', 'demo-1795804523-refund-14');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7c41-7b85-8862-eb8fdc5682df', 'shop', 'P2026112700FYKR4K540J6CKG1AG83J', 2, 0, 'payment.succeeded', '2026-11-27 18:35:27.681523+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7c51-7b3c-8869-e312df15dddd', 'shop', 'P2026112700FYKRABHEC620Q3RV9YWW', 2, 0, 'payment.succeeded', '2026-11-27 18:35:27.697698+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7c51-777f-bc79-1c78d5b04c76', 'shop', 'P2026112700FYKRABHEC620Q3RV9YWW', 2, 1, 'payment.duplicate_found', '2026-11-27 18:35:27.697698+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7c8b-7327-86d3-6a7c6ed795ba', 'shop', 'P2026112700FYKRABHEC620Q3RV9YWW', 1, 0, 'refund.progressed', '2026-11-27 18:35:27.755559+00', 'P2026112700FYKRABHEC620Q3RV9YWW-D0');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7e87-7959-9656-832687bc8b97', 'shop', 'P2026112700FYKRABHEC620Q3RV9YWW', 2, 0, 'refund.succeeded', '2026-11-27 18:35:28.263227+00', 'P2026112700FYKRABHEC620Q3RV9YWW-D0');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7ef8-7c21-bdab-b3e251e43bea', 'shop', 'P2026112700FYKXCMQ9WBK06DFHV7ZW', 2, 0, 'payment.succeeded', '2026-11-27 18:35:28.376288+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7f1a-77e9-9180-0bbe2f03122f', 'shop', 'P2026112700FYKXMFM88B2WJBNPTXNP', 2, 0, 'payment.succeeded', '2026-11-27 18:35:28.410025+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7f1a-75d0-bbb5-ef11bc38940c', 'shop', 'P2026112700FYKXMFM88B2WJBNPTXNP', 2, 1, 'payment.duplicate_found', '2026-11-27 18:35:28.410025+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-7f7a-7fdd-b286-60f6450e20ba', 'shop', 'P2026112700FYKXMFM88B2WJBNPTXNP', 1, 0, 'refund.progressed', '2026-11-27 18:35:28.506615+00', 'P2026112700FYKXMFM88B2WJBNPTXNP-D0');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-806e-7d2d-aa56-3c5e98db2950', 'shop', 'P2026112700FYJRA5G6WMG46QTHQWJE', 2, 0, 'payment.succeeded', '2026-11-27 18:35:28.750395+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-8171-7109-b595-9b6ed3571b2a', 'shop', 'P2026112700FYKXMFM88B2WJBNPTXNP', 2, 0, 'refund.succeeded', '2026-11-27 18:35:29.009637+00', 'P2026112700FYKXMFM88B2WJBNPTXNP-D0');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-81ff-7610-a64a-aadf67ed7d42', 'shop', 'P2026112700FYM3JE7TCKBBXFEYSGME', 2, 0, 'payment.closed', '2026-11-27 18:35:29.151879+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-8209-7caf-aeec-2ed157c93baa', 'shop', 'P2026112700FYM3JE7TCKBBXFEYSGME', 3, 0, 'payment.succeeded', '2026-11-27 18:35:29.161603+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-8235-7d2c-8111-b49701d21d71', 'shop', 'P2026112700FYM47628QQQYPDEJA6SA', 2, 0, 'payment.succeeded', '2026-11-27 18:35:29.205128+00', NULL);
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-8855-7d18-b436-b386d277ad6f', 'shop', 'P2026112700FYM47628QQQYPDEJA6SA', 1, 0, 'refund.succeeded', '2026-11-27 18:35:30.773551+00', 'demo-1795804523-refund-21');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-93da-7173-b69c-baa75d75441c', 'shop', 'P2026112700FYJR8NFHA7Q9R7TKBY6A', 2, 0, 'refund.progressed', '2026-11-27 18:35:33.72208+00', 'demo-1795804523-story-15-refund-2');
INSERT INTO public.outbox_event (event_id, merchant_id, payment_no, revision, "position", event, create_time, refund_no) VALUES ('01a21e4a-95d0-763d-971c-02d9550c66a4', 'shop', 'P2026112700FYJR8NFHA7Q9R7TKBY6A', 3, 0, 'refund.succeeded', '2026-11-27 18:35:34.224789+00', 'demo-1795804523-story-15-refund-2');


--
-- Data for Name: payment; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYJR312QT3MPHWYCTSY8', 'shop', 'demo-1795804523-request-1', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 3990, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200005803202611283176603798', 'wx2026112802352320b0d493ce59fa07727b', '2026-11-27 19:05:23.532991+00', NULL, NULL, '2026-11-27 18:35:23.532991+00', '2026-11-27 19:05:23.532991+00', '2026-11-27 18:35:23.624971+00', NULL, '2026-11-27 18:35:23+00', NULL, 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYJR8NFHA7Q9R7TKBY6A', 'shop', 'demo-1795804523-story-15-request-1', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 8300, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200043028202611287373007858', 'wx20261128023523465bc755284f354002f1', '2026-11-27 19:05:23.554072+00', NULL, NULL, '2026-11-27 18:35:23.554072+00', '2026-11-27 19:05:23.554072+00', '2026-11-27 18:35:23.614208+00', NULL, '2026-11-27 18:35:23+00', NULL, 8300, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYJSF1YS9JDE01YJCGDG', 'shop', 'demo-1795804523-request-2', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 14790, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200068731202611285504506850', 'wx202611280235231056370ff8b66c34cb7a', '2026-11-27 19:05:23.708415+00', NULL, NULL, '2026-11-27 18:35:23.708415+00', '2026-11-27 19:05:23.708415+00', '2026-11-27 18:35:23.773778+00', NULL, '2026-11-27 18:35:23+00', NULL, 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYJTH2FQ9ZQ7MEXV7C1G', 'shop', 'demo-1795804523-request-4', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 4500, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200025861202611284589833831', 'wx20261128023523cb12d76ab3e81642aa78', '2026-11-27 19:05:23.844437+00', NULL, NULL, '2026-11-27 18:35:23.844437+00', '2026-11-27 19:05:23.844437+00', '2026-11-27 18:35:23.904541+00', NULL, '2026-11-27 18:35:23+00', NULL, 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYJW6A6CP3QVW0TRFSD8', 'shop', 'demo-1795804523-request-5', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 6660, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200093396202611280171904158', 'wx2026112802352443269dc1f59a99dc1bfd', '2026-11-27 19:05:24.057961+00', NULL, NULL, '2026-11-27 18:35:24.057961+00', '2026-11-27 19:05:24.057961+00', '2026-11-27 18:35:24.151366+00', NULL, '2026-11-27 18:35:24+00', NULL, 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYJXEBDEMWJNX0142MGG', 'shop', 'demo-1795804523-request-6', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 8800, 'Demo order', '{}', NULL, 'CLOSED', 3, NULL, 'wx202611280235248c5bef5da31c0990f59f', '2026-11-27 19:05:24.217202+00', NULL, NULL, '2026-11-27 18:35:24.217202+00', '2026-11-27 19:05:24.217202+00', '2026-11-27 18:35:24.314991+00', '2026-11-27 18:35:24.238503+00', NULL, '2026-11-27 18:35:24.314991+00', 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYJYG34G8ZBZFMANPA2J', 'shop', 'demo-1795804523-request-7', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 8800, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200083475202611283503399560', 'wx2026112802352406d641c004830d21e529', '2026-11-27 19:05:24.352354+00', NULL, NULL, '2026-11-27 18:35:24.352354+00', '2026-11-27 19:05:24.352354+00', '2026-11-27 18:35:24.410542+00', NULL, '2026-11-27 18:35:24+00', NULL, 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYJZACW43BE3689JHMJA', 'shop', 'demo-1795804523-request-8', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 99900, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200010344202611285540529246', 'wx2026112802352452cb8d67e1c839f853d9', '2026-11-27 19:05:24.457811+00', NULL, NULL, '2026-11-27 18:35:24.457811+00', '2026-11-27 19:05:24.457811+00', '2026-11-27 18:35:24.596559+00', NULL, '2026-11-27 18:35:24+00', NULL, 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYK0XPJE9FEB70P08GJA', 'shop', 'demo-1795804523-request-9', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 25600, 'Demo order', '{}', NULL, 'CLOSED', 3, NULL, 'wx20261128023524f72b3f9e509b68be8736', '2026-11-27 19:05:24.662544+00', NULL, NULL, '2026-11-27 18:35:24.662544+00', '2026-11-27 19:05:24.662544+00', '2026-11-27 18:35:24.813096+00', NULL, NULL, '2026-11-27 18:35:24.813096+00', 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYK28T3N6PZQV7J4F2JA', 'shop', 'demo-1795804523-request-10', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 1234, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200077562202611288702005697', 'wx20261128023526f5bfc91d07424012ca04', '2026-11-27 19:05:24.835376+00', NULL, NULL, '2026-11-27 18:35:24.835376+00', '2026-11-27 19:05:24.835376+00', '2026-11-27 18:35:26.958461+00', NULL, '2026-11-27 18:35:26+00', NULL, 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYKK2AFENKPCPNAWHQ8T', 'shop', 'demo-1795804523-request-11', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 3990, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200017882202611283559626212', 'wx202611280235267e337bd3c74eaaf54d89', '2026-11-27 19:05:26.985171+00', NULL, NULL, '2026-11-27 18:35:26.985171+00', '2026-11-27 19:05:26.985171+00', '2026-11-27 18:35:27.013732+00', NULL, '2026-11-27 18:35:27+00', NULL, 3990, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYKR4K540J6CKG1AG83J', 'shop', 'demo-1795804523-request-15', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 5200, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200007763202611287510499402', 'wx202611280235273583ead182fbc698a73f', '2026-11-27 19:05:27.634038+00', NULL, NULL, '2026-11-27 18:35:27.634038+00', '2026-11-27 19:05:27.634038+00', '2026-11-27 18:35:27.681523+00', NULL, '2026-11-27 18:35:27+00', NULL, 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYKRABHEC620Q3RV9YWW', 'shop', 'demo-1795804523-request-16', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 5200, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200025478202611288804004244', 'wx202611280235277b9a4a9e17e816f52a16', '2026-11-27 19:05:27.657138+00', NULL, NULL, '2026-11-27 18:35:27.657138+00', '2026-11-27 19:05:27.657138+00', '2026-11-27 18:35:27.697698+00', NULL, '2026-11-27 18:35:27+00', NULL, 5200, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYKXCMQ9WBK06DFHV7ZW', 'shop', 'demo-1795804523-request-17', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 3000, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200068000202611283973759665', 'wx20261128023528f9e872e86ed19f4b5cf9', '2026-11-27 19:05:28.306726+00', NULL, NULL, '2026-11-27 18:35:28.306726+00', '2026-11-27 19:05:28.306726+00', '2026-11-27 18:35:28.376288+00', NULL, '2026-11-27 18:35:28+00', NULL, 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYKXMFM88B2WJBNPTXNP', 'shop', 'demo-1795804523-request-18', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 5000, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200025221202611287988654799', 'wx20261128023528d277613cca73ef4ddd9e', '2026-11-27 19:05:28.337487+00', NULL, NULL, '2026-11-27 18:35:28.337487+00', '2026-11-27 19:05:28.337487+00', '2026-11-27 18:35:28.410025+00', NULL, '2026-11-27 18:35:28+00', NULL, 2000, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYJRA5G6WMG46QTHQWJE', 'shop', 'demo-1795804523-story-14-request-1', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 9100, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200043009202611288516589159', 'wx20261128023523298c76f0b3416e97f79c', '2026-11-27 19:05:23.560273+00', NULL, NULL, '2026-11-27 18:35:23.560273+00', '2026-11-27 19:05:23.560273+00', '2026-11-27 18:35:28.750395+00', NULL, '2026-11-27 18:35:23+00', NULL, 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYM3JE7TCKBBXFEYSGME', 'shop', 'demo-1795804523-request-19', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 7700, 'Demo order', '{}', NULL, 'SUCCEEDED', 3, '4200017338202611287663742961', 'wx20261128023529a884b4d3cbcef20fc0c1', '2026-11-27 19:05:29.097841+00', NULL, NULL, '2026-11-27 18:35:29.097841+00', '2026-11-27 19:05:29.097841+00', '2026-11-27 18:35:29.161603+00', NULL, '2026-11-27 18:35:29+00', '2026-11-27 18:35:29.151879+00', 0, NULL, 0, NULL);
INSERT INTO public.payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, amount, description, options, payer_client_ip, state, revision, channel_transaction_no, handle, handle_expire_time, failure_reason, failure_code, create_time, expire_time, update_time, client_report_time, succeed_time, end_time, refund_reserved, next_check_time, checks, capture_intend_time) VALUES ('P2026112700FYM47628QQQYPDEJA6SA', 'shop', 'demo-1795804523-request-20', 'demo', 'wechat', 'wechat-main', 'app', '1603129064/wxa11daced1a913504', 'CNY', 6400, 'Demo order', '{}', NULL, 'SUCCEEDED', 2, '4200026880202611283089510598', 'wx20261128023529a8f5e4037ba42fe7f0cb', '2026-11-27 19:05:29.180791+00', NULL, NULL, '2026-11-27 18:35:29.180791+00', '2026-11-27 19:05:29.180791+00', '2026-11-27 18:35:29.205128+00', NULL, '2026-11-27 18:35:29+00', NULL, 6400, NULL, 0, NULL);


--
-- Data for Name: payment_case; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.payment_case (case_id, merchant_id, kind, channel, channel_account, payment_no, order_no, channel_transaction_no, currency, amount, description, source, notification_id, evidence, verified_by, open_time, refund_no) VALUES ('01a21e4a-6cc5-7dcc-991e-fb07f2b3ebfd', 'shop', 'REFUND_NEEDS_PERSON', 'wechat', 'wechat-main', 'P2026112700FYJR8NFHA7Q9R7TKBY6A', NULL, '4200043028202611287373007858', 'CNY', 8300, 'the refund of 8300 CNY needs a person: MERCHANT_BALANCE_INSUFFICIENT', 'REFUND_ANSWER', NULL, '\x4e4f545f454e4f554748', NULL, '2026-11-27 18:35:23.71761+00', 'demo-1795804523-story-15-refund-2');
INSERT INTO public.payment_case (case_id, merchant_id, kind, channel, channel_account, payment_no, order_no, channel_transaction_no, currency, amount, description, source, notification_id, evidence, verified_by, open_time, refund_no) VALUES ('01a21e4a-70b8-7075-9f24-a08da7c78ef8', 'shop', 'AMOUNT_MISMATCH', 'wechat', 'wechat-main', 'P2026112700FYK0XPJE9FEB70P08GJA', NULL, '4200096310202611283447280182', 'CNY', 1, 'the channel proved 1 CNY paid, the payment is over 25600 CNY', 'NOTIFICATION', '01a21e4a-70b8-7b26-87a2-361d121bdd31', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:24.728296+00', NULL);


--
-- Data for Name: payment_transition; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJR8NFHA7Q9R7TKBY6A', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532333436356263373535323834663335343030326631227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:23.587781+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJRA5G6WMG46QTHQWJE', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532333239386337366630623334313665393766373963227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:23.589769+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJR312QT3MPHWYCTSY8', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532333230623064343933636535396661303737323762227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:23.601994+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJR8NFHA7Q9R7TKBY6A', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-6c5e-714f-bfb1-30b6e5099bf2', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:23.614208+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJR312QT3MPHWYCTSY8', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-6c68-7421-babe-80a3d371285d', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:23.624971+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJSF1YS9JDE01YJCGDG', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532333130353633373066663862363663333463623761227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:23.732017+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJSF1YS9JDE01YJCGDG', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-6cfd-7ff3-88df-a53dd3acb174', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:23.773778+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJTH2FQ9ZQ7MEXV7C1G', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532336362313264373661623365383136343261613738227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:23.865079+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJTH2FQ9ZQ7MEXV7C1G', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-6d80-7b2c-96bb-0f80fac79f67', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:23.904541+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJW6A6CP3QVW0TRFSD8', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532343433323639646331663539613939646331626664227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:24.090494+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJW6A6CP3QVW0TRFSD8', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'QUERY_ANSWER', NULL, NULL, '\x7b22616d6f756e74223a7b2263757272656e6379223a22434e59222c2270617965725f63757272656e6379223a22434e59222c2270617965725f746f74616c223a363636302c22746f74616c223a363636307d2c226170706964223a22777861313164616365643161393133353034222c22617474616368223a22222c2262616e6b5f74797065223a224f5448455253222c226d63686964223a2231363033313239303634222c226f75745f74726164655f6e6f223a22503230323631313237303046594a5736413643503351565730545246534438222c227061796572223a7b226f70656e6964223a226f38486b4f6d305642526f4f67416d513962317a7a6f656c58397535227d2c22737563636573735f74696d65223a22323032362d31312d32385430323a33353a32342b30383a3030222c2274726164655f7374617465223a2253554343455353222c2274726164655f73746174655f64657363223a22e694afe4bb98e68890e58a9f222c2274726164655f74797065223a22415050222c227472616e73616374696f6e5f6964223a2234323030303933333936323032363131323830313731393034313538227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:24.151366+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJXEBDEMWJNX0142MGG', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532343863356265663564613331633039393066353966227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:24.226991+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJXEBDEMWJNX0142MGG', 2, 'CLIENT_REPORTED', 'AWAITING_PAYER', 'CLIENT_REPORTED', 'CLIENT_RESULT', 'demo', NULL, '\x7b22657272436f6465223a20307d', NULL, '2026-11-27 18:35:24.238503+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJXEBDEMWJNX0142MGG', 3, 'CHANNEL_CLOSED', 'CLIENT_REPORTED', 'CLOSED', 'CLOSE_ANSWER', NULL, NULL, '\x', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:24.314991+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJYG34G8ZBZFMANPA2J', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532343036643634316330303438333064323165353239227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:24.385156+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJYG34G8ZBZFMANPA2J', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-6f7a-70dc-a6ca-aa6def2b2d0a', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:24.410542+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJZACW43BE3689JHMJA', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532343532636238643637653163383339663835336439227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:24.478146+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJZACW43BE3689JHMJA', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-7034-78f7-b374-71d3633a5e7c', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:24.596559+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYK0XPJE9FEB70P08GJA', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532346637326233663965353039623638626538373336227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:24.705812+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYK0XPJE9FEB70P08GJA', 3, 'CHANNEL_CLOSED', 'AWAITING_PAYER', 'CLOSED', 'CLOSE_ANSWER', NULL, NULL, '\x', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:24.813096+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYK28T3N6PZQV7J4F2JA', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532366635626663393164303734323430313263613034227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:26.941135+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYK28T3N6PZQV7J4F2JA', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-796e-7603-bb1e-3bfd63e65ca9', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:26.958461+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYKK2AFENKPCPNAWHQ8T', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532363765333337626433633734656161663534643839227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:26.998276+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYKK2AFENKPCPNAWHQ8T', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-79a5-79b3-b852-4a51f48bb539', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:27.013732+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYKR4K540J6CKG1AG83J', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532373335383365616431383266626336393861373366227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:27.644295+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYKRABHEC620Q3RV9YWW', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532373762396134613965313765383136663532613136227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:27.67356+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYKR4K540J6CKG1AG83J', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-7c41-795a-9a41-85ac029df89d', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:27.681523+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYKRABHEC620Q3RV9YWW', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-7c51-7429-8733-8c65d5546fb3', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:27.697698+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYKXCMQ9WBK06DFHV7ZW', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532386639653837326538366564313966346235636639227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:28.325216+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYKXMFM88B2WJBNPTXNP', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532386432373736313363636137336566346464643965227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:28.358452+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYKXCMQ9WBK06DFHV7ZW', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-7ef8-7be2-8059-f8e740d76660', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:28.376288+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYKXMFM88B2WJBNPTXNP', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-7f1a-7e6d-9159-d30756bf5940', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:28.410025+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYJRA5G6WMG46QTHQWJE', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'QUERY_ANSWER', NULL, NULL, '\x7b22616d6f756e74223a7b2263757272656e6379223a22434e59222c2270617965725f63757272656e6379223a22434e59222c2270617965725f746f74616c223a393130302c22746f74616c223a393130307d2c226170706964223a22777861313164616365643161393133353034222c22617474616368223a22222c2262616e6b5f74797065223a224f5448455253222c226d63686964223a2231363033313239303634222c226f75745f74726164655f6e6f223a22503230323631313237303046594a5241354736574d47343651544851574a45222c227061796572223a7b226f70656e6964223a226f315a504162346a5a50694d70707963556468675349395248776f61227d2c22737563636573735f74696d65223a22323032362d31312d32385430323a33353a32332b30383a3030222c2274726164655f7374617465223a2253554343455353222c2274726164655f73746174655f64657363223a22e694afe4bb98e68890e58a9f222c2274726164655f74797065223a22415050222c227472616e73616374696f6e5f6964223a2234323030303433303039323032363131323838353136353839313539227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:28.750395+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYM3JE7TCKBBXFEYSGME', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532396138383462346433636263656632306663306331227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:29.111347+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYM3JE7TCKBBXFEYSGME', 2, 'CHANNEL_CLOSED', 'AWAITING_PAYER', 'CLOSED', 'CLOSE_ANSWER', NULL, NULL, '\x', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:29.151879+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYM3JE7TCKBBXFEYSGME', 3, 'CHANNEL_PAID', 'CLOSED', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-8209-7350-bda6-23a5e183dcd7', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:29.161603+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYM47628QQQYPDEJA6SA', 1, 'PAYMENT_DATA_READY', 'INITIATING', 'AWAITING_PAYER', 'CREATE_ANSWER', NULL, NULL, '\x7b227072657061795f6964223a22777832303236313132383032333532396138663565343033376261343266653766306362227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:29.186147+00');
INSERT INTO public.payment_transition (payment_no, revision, event, from_state, to_state, source, caller, notification_id, evidence, verified_by, transition_time) VALUES ('P2026112700FYM47628QQQYPDEJA6SA', 2, 'CHANNEL_PAID', 'AWAITING_PAYER', 'SUCCEEDED', 'NOTIFICATION', NULL, '01a21e4a-8235-7369-b3f5-47f3a5e599ef', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:29.205128+00');


--
-- Data for Name: refund; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.refund (merchant_id, refund_no, payment_no, channel, channel_account, amount, reason, description, origin, created_by, state, revision, sent_as, successors, channel_refund_no, attention, create_time, update_time, succeed_time, next_check_time, checks) VALUES ('shop', 'demo-1795804523-refund-12', 'P2026112700FYKK2AFENKPCPNAWHQ8T', 'wechat', 'wechat-main', 3000, 'RETURN', 'Demo refund', 'CALLER', 'demo', 'SUCCEEDED', 2, 'demo-1795804523-refund-12', 0, '50368709806940190788590123963', NULL, '2026-11-27 18:35:27.02912+00', '2026-11-27 18:35:27.549182+00', '2026-11-27 18:35:27+00', NULL, 0);
INSERT INTO public.refund (merchant_id, refund_no, payment_no, channel, channel_account, amount, reason, description, origin, created_by, state, revision, sent_as, successors, channel_refund_no, attention, create_time, update_time, succeed_time, next_check_time, checks) VALUES ('shop', 'demo-1795804523-refund-14', 'P2026112700FYKK2AFENKPCPNAWHQ8T', 'wechat', 'wechat-main', 990, 'RETURN', 'Demo refund', 'CALLER', 'demo', 'SUCCEEDED', 2, 'demo-1795804523-refund-14', 0, '50394475769077282538675081127', NULL, '2026-11-27 18:35:27.079844+00', '2026-11-27 18:35:27.599652+00', '2026-11-27 18:35:27+00', NULL, 0);
INSERT INTO public.refund (merchant_id, refund_no, payment_no, channel, channel_account, amount, reason, description, origin, created_by, state, revision, sent_as, successors, channel_refund_no, attention, create_time, update_time, succeed_time, next_check_time, checks) VALUES ('shop', 'P2026112700FYKRABHEC620Q3RV9YWW-D0', 'P2026112700FYKRABHEC620Q3RV9YWW', 'wechat', 'wechat-main', 5200, 'DUPLICATE', '', 'DUPLICATE', NULL, 'SUCCEEDED', 2, 'P2026112700FYKRABHEC620Q3RV9YWW-D0', 0, '50398966016516438956487841570', NULL, '2026-11-27 18:35:27.697698+00', '2026-11-27 18:35:28.263227+00', '2026-11-27 18:35:28+00', NULL, 0);
INSERT INTO public.refund (merchant_id, refund_no, payment_no, channel, channel_account, amount, reason, description, origin, created_by, state, revision, sent_as, successors, channel_refund_no, attention, create_time, update_time, succeed_time, next_check_time, checks) VALUES ('shop', 'P2026112700FYKXMFM88B2WJBNPTXNP-D0', 'P2026112700FYKXMFM88B2WJBNPTXNP', 'wechat', 'wechat-main', 2000, 'DUPLICATE', '', 'DUPLICATE', NULL, 'SUCCEEDED', 2, 'P2026112700FYKXMFM88B2WJBNPTXNP-D0', 0, '50303880193002053847578214310', NULL, '2026-11-27 18:35:28.410025+00', '2026-11-27 18:35:29.009637+00', '2026-11-27 18:35:29+00', NULL, 0);
INSERT INTO public.refund (merchant_id, refund_no, payment_no, channel, channel_account, amount, reason, description, origin, created_by, state, revision, sent_as, successors, channel_refund_no, attention, create_time, update_time, succeed_time, next_check_time, checks) VALUES ('shop', 'demo-1795804523-refund-21', 'P2026112700FYM47628QQQYPDEJA6SA', 'wechat', 'wechat-main', 6400, 'RETURN', 'Demo refund', 'CALLER', 'demo', 'SUCCEEDED', 1, 'demo-1795804523-refund-21', 0, '50343636258909073627645800901', NULL, '2026-11-27 18:35:29.224495+00', '2026-11-27 18:35:30.773551+00', '2026-11-27 18:35:29+00', NULL, 0);
INSERT INTO public.refund (merchant_id, refund_no, payment_no, channel, channel_account, amount, reason, description, origin, created_by, state, revision, sent_as, successors, channel_refund_no, attention, create_time, update_time, succeed_time, next_check_time, checks) VALUES ('shop', 'demo-1795804523-story-15-refund-2', 'P2026112700FYJR8NFHA7Q9R7TKBY6A', 'wechat', 'wechat-main', 8300, 'RETURN', 'Demo refund', 'CALLER', 'demo', 'SUCCEEDED', 3, 'demo-1795804523-story-15-refund-2', 0, '50372246541747368038843219015', NULL, '2026-11-27 18:35:23.700722+00', '2026-11-27 18:35:34.224789+00', '2026-11-27 18:35:34+00', NULL, 0);


--
-- Data for Name: refund_number; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.refund_number (merchant_id, number, refund_no, create_time) VALUES ('shop', 'demo-1795804523-story-15-refund-2', 'demo-1795804523-story-15-refund-2', '2026-11-27 18:35:23.700722+00');
INSERT INTO public.refund_number (merchant_id, number, refund_no, create_time) VALUES ('shop', 'demo-1795804523-refund-12', 'demo-1795804523-refund-12', '2026-11-27 18:35:27.02912+00');
INSERT INTO public.refund_number (merchant_id, number, refund_no, create_time) VALUES ('shop', 'demo-1795804523-refund-14', 'demo-1795804523-refund-14', '2026-11-27 18:35:27.079844+00');
INSERT INTO public.refund_number (merchant_id, number, refund_no, create_time) VALUES ('shop', 'P2026112700FYKRABHEC620Q3RV9YWW-D0', 'P2026112700FYKRABHEC620Q3RV9YWW-D0', '2026-11-27 18:35:27.697698+00');
INSERT INTO public.refund_number (merchant_id, number, refund_no, create_time) VALUES ('shop', 'P2026112700FYKXMFM88B2WJBNPTXNP-D0', 'P2026112700FYKXMFM88B2WJBNPTXNP-D0', '2026-11-27 18:35:28.410025+00');
INSERT INTO public.refund_number (merchant_id, number, refund_no, create_time) VALUES ('shop', 'demo-1795804523-refund-21', 'demo-1795804523-refund-21', '2026-11-27 18:35:29.224495+00');


--
-- Data for Name: refund_part; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.refund_part (merchant_id, refund_no, order_no, amount) VALUES ('shop', 'demo-1795804523-story-15-refund-2', 'demo-1795804523-story-15-1', 8300);
INSERT INTO public.refund_part (merchant_id, refund_no, order_no, amount) VALUES ('shop', 'demo-1795804523-refund-12', 'demo-1795804523-10', 3000);
INSERT INTO public.refund_part (merchant_id, refund_no, order_no, amount) VALUES ('shop', 'demo-1795804523-refund-14', 'demo-1795804523-10', 990);
INSERT INTO public.refund_part (merchant_id, refund_no, order_no, amount) VALUES ('shop', 'P2026112700FYKRABHEC620Q3RV9YWW-D0', 'demo-1795804523-11', 5200);
INSERT INTO public.refund_part (merchant_id, refund_no, order_no, amount) VALUES ('shop', 'P2026112700FYKXMFM88B2WJBNPTXNP-D0', 'demo-1795804523-13', 2000);
INSERT INTO public.refund_part (merchant_id, refund_no, order_no, amount) VALUES ('shop', 'demo-1795804523-refund-21', 'demo-1795804523-16', 6400);


--
-- Data for Name: refund_transition; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'demo-1795804523-refund-12', 1, 'CHANNEL_ACCEPTED', 'PENDING', 'PROCESSING', 'demo-1795804523-refund-12', 'REFUND_ANSWER', NULL, '\x7b22616d6f756e74223a7b2263757272656e6379223a22434e59222c22646973636f756e745f726566756e64223a302c2266726f6d223a5b5d2c2270617965725f726566756e64223a333030302c2270617965725f746f74616c223a333939302c22726566756e64223a333030302c22736574746c656d656e745f726566756e64223a333030302c22736574746c656d656e745f746f74616c223a333939302c22746f74616c223a333939307d2c226368616e6e656c223a224f524947494e414c222c226372656174655f74696d65223a22323032362d31312d32385430323a33353a32372b30383a3030222c2266756e64735f6163636f756e74223a22415641494c41424c45222c226f75745f726566756e645f6e6f223a2264656d6f2d313739353830343532332d726566756e642d3132222c226f75745f74726164655f6e6f223a22503230323631313237303046594b4b324146454e4b5043504e415748513854222c2270726f6d6f74696f6e5f64657461696c223a5b5d2c22726566756e645f6964223a223530333638373039383036393430313930373838353930313233393633222c22737461747573223a2250524f43455353494e47222c227472616e73616374696f6e5f6964223a2234323030303137383832323032363131323833353539363236323132222c22757365725f72656365697665645f6163636f756e74223a22e694afe4bb98e794a8e688b7e99bb6e992b1227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:27.044027+00');
INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'demo-1795804523-refund-14', 1, 'CHANNEL_ACCEPTED', 'PENDING', 'PROCESSING', 'demo-1795804523-refund-14', 'REFUND_ANSWER', NULL, '\x7b22616d6f756e74223a7b2263757272656e6379223a22434e59222c22646973636f756e745f726566756e64223a302c2266726f6d223a5b5d2c2270617965725f726566756e64223a3939302c2270617965725f746f74616c223a333939302c22726566756e64223a3939302c22736574746c656d656e745f726566756e64223a3939302c22736574746c656d656e745f746f74616c223a333939302c22746f74616c223a333939307d2c226368616e6e656c223a224f524947494e414c222c226372656174655f74696d65223a22323032362d31312d32385430323a33353a32372b30383a3030222c2266756e64735f6163636f756e74223a22415641494c41424c45222c226f75745f726566756e645f6e6f223a2264656d6f2d313739353830343532332d726566756e642d3134222c226f75745f74726164655f6e6f223a22503230323631313237303046594b4b324146454e4b5043504e415748513854222c2270726f6d6f74696f6e5f64657461696c223a5b5d2c22726566756e645f6964223a223530333934343735373639303737323832353338363735303831313237222c22737461747573223a2250524f43455353494e47222c227472616e73616374696f6e5f6964223a2234323030303137383832323032363131323833353539363236323132222c22757365725f72656365697665645f6163636f756e74223a22e694afe4bb98e794a8e688b7e99bb6e992b1227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:27.094853+00');
INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'demo-1795804523-refund-12', 2, 'CHANNEL_REFUNDED', 'PROCESSING', 'SUCCEEDED', 'demo-1795804523-refund-12', 'NOTIFICATION', '01a21e4a-7bbd-7340-b9d9-5243dc9bbbaa', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:27.549182+00');
INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'demo-1795804523-refund-14', 2, 'CHANNEL_REFUNDED', 'PROCESSING', 'SUCCEEDED', 'demo-1795804523-refund-14', 'NOTIFICATION', '01a21e4a-7bef-782a-bc83-52f7157d77c7', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:27.599652+00');
INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'P2026112700FYKRABHEC620Q3RV9YWW-D0', 1, 'CHANNEL_ACCEPTED', 'PENDING', 'PROCESSING', 'P2026112700FYKRABHEC620Q3RV9YWW-D0', 'REFUND_ANSWER', NULL, '\x7b22616d6f756e74223a7b2263757272656e6379223a22434e59222c22646973636f756e745f726566756e64223a302c2266726f6d223a5b5d2c2270617965725f726566756e64223a353230302c2270617965725f746f74616c223a353230302c22726566756e64223a353230302c22736574746c656d656e745f726566756e64223a353230302c22736574746c656d656e745f746f74616c223a353230302c22746f74616c223a353230307d2c226368616e6e656c223a224f524947494e414c222c226372656174655f74696d65223a22323032362d31312d32385430323a33353a32372b30383a3030222c2266756e64735f6163636f756e74223a22415641494c41424c45222c226f75745f726566756e645f6e6f223a22503230323631313237303046594b52414248454336323051335256395957572d4430222c226f75745f74726164655f6e6f223a22503230323631313237303046594b5241424845433632305133525639595757222c2270726f6d6f74696f6e5f64657461696c223a5b5d2c22726566756e645f6964223a223530333938393636303136353136343338393536343837383431353730222c22737461747573223a2250524f43455353494e47222c227472616e73616374696f6e5f6964223a2234323030303235343738323032363131323838383034303034323434222c22757365725f72656365697665645f6163636f756e74223a22e694afe4bb98e794a8e688b7e99bb6e992b1227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:27.755559+00');
INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'P2026112700FYKRABHEC620Q3RV9YWW-D0', 2, 'CHANNEL_REFUNDED', 'PROCESSING', 'SUCCEEDED', 'P2026112700FYKRABHEC620Q3RV9YWW-D0', 'NOTIFICATION', '01a21e4a-7e87-7554-a1d6-2d7fbeb2fa68', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:28.263227+00');
INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'P2026112700FYKXMFM88B2WJBNPTXNP-D0', 1, 'CHANNEL_ACCEPTED', 'PENDING', 'PROCESSING', 'P2026112700FYKXMFM88B2WJBNPTXNP-D0', 'REFUND_ANSWER', NULL, '\x7b22616d6f756e74223a7b2263757272656e6379223a22434e59222c22646973636f756e745f726566756e64223a302c2266726f6d223a5b5d2c2270617965725f726566756e64223a323030302c2270617965725f746f74616c223a353030302c22726566756e64223a323030302c22736574746c656d656e745f726566756e64223a323030302c22736574746c656d656e745f746f74616c223a353030302c22746f74616c223a353030307d2c226368616e6e656c223a224f524947494e414c222c226372656174655f74696d65223a22323032362d31312d32385430323a33353a32382b30383a3030222c2266756e64735f6163636f756e74223a22415641494c41424c45222c226f75745f726566756e645f6e6f223a22503230323631313237303046594b584d464d38384232574a424e5054584e502d4430222c226f75745f74726164655f6e6f223a22503230323631313237303046594b584d464d38384232574a424e5054584e50222c2270726f6d6f74696f6e5f64657461696c223a5b5d2c22726566756e645f6964223a223530333033383830313933303032303533383437353738323134333130222c22737461747573223a2250524f43455353494e47222c227472616e73616374696f6e5f6964223a2234323030303235323231323032363131323837393838363534373939222c22757365725f72656365697665645f6163636f756e74223a22e694afe4bb98e794a8e688b7e99bb6e992b1227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:28.506615+00');
INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'P2026112700FYKXMFM88B2WJBNPTXNP-D0', 2, 'CHANNEL_REFUNDED', 'PROCESSING', 'SUCCEEDED', 'P2026112700FYKXMFM88B2WJBNPTXNP-D0', 'NOTIFICATION', '01a21e4a-8171-7fce-bbfb-ae02021cf00c', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:29.009637+00');
INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'demo-1795804523-refund-21', 1, 'CHANNEL_REFUNDED', 'PENDING', 'SUCCEEDED', 'demo-1795804523-refund-21', 'NOTIFICATION', '01a21e4a-8855-797c-9737-ef60f94defce', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:30.773551+00');
INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'demo-1795804523-story-15-refund-2', 2, 'CHANNEL_ACCEPTED', 'PENDING', 'PROCESSING', 'demo-1795804523-story-15-refund-2', 'REFUND_ANSWER', NULL, '\x7b22616d6f756e74223a7b2263757272656e6379223a22434e59222c22646973636f756e745f726566756e64223a302c2266726f6d223a5b5d2c2270617965725f726566756e64223a383330302c2270617965725f746f74616c223a383330302c22726566756e64223a383330302c22736574746c656d656e745f726566756e64223a383330302c22736574746c656d656e745f746f74616c223a383330302c22746f74616c223a383330307d2c226368616e6e656c223a224f524947494e414c222c226372656174655f74696d65223a22323032362d31312d32385430323a33353a33332b30383a3030222c2266756e64735f6163636f756e74223a22415641494c41424c45222c226f75745f726566756e645f6e6f223a2264656d6f2d313739353830343532332d73746f72792d31352d726566756e642d32222c226f75745f74726164655f6e6f223a22503230323631313237303046594a52384e4648413751395237544b42593641222c2270726f6d6f74696f6e5f64657461696c223a5b5d2c22726566756e645f6964223a223530333732323436353431373437333638303338383433323139303135222c22737461747573223a2250524f43455353494e47222c227472616e73616374696f6e5f6964223a2234323030303433303238323032363131323837333733303037383538222c22757365725f72656365697665645f6163636f756e74223a22e694afe4bb98e794a8e688b7e99bb6e992b1227d', 'PUB_KEY_ID_0180127434326661350566505112', '2026-11-27 18:35:33.72208+00');
INSERT INTO public.refund_transition (merchant_id, refund_no, revision, event, from_state, to_state, number, source, notification_id, evidence, verified_by, transition_time) VALUES ('shop', 'demo-1795804523-story-15-refund-2', 3, 'CHANNEL_REFUNDED', 'PROCESSING', 'SUCCEEDED', 'demo-1795804523-story-15-refund-2', 'NOTIFICATION', '01a21e4a-95d0-752e-9d07-cdb833b58eab', NULL, '5861CE3889592930F653432F7BD44C74DE1BF56E', '2026-11-27 18:35:34.224789+00');


--
-- Name: __diesel_schema_migrations __diesel_schema_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.__diesel_schema_migrations
    ADD CONSTRAINT __diesel_schema_migrations_pkey PRIMARY KEY (version);


--
-- Name: allocation allocation_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.allocation
    ADD CONSTRAINT allocation_pkey PRIMARY KEY (payment_no, order_no);


--
-- Name: create_request create_request_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.create_request
    ADD CONSTRAINT create_request_pkey PRIMARY KEY (merchant_id, request_id);


--
-- Name: merchant_order merchant_order_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.merchant_order
    ADD CONSTRAINT merchant_order_pkey PRIMARY KEY (merchant_id, order_no);


--
-- Name: notification notification_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_pkey PRIMARY KEY (notification_id);


--
-- Name: outbox_event outbox_event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_event
    ADD CONSTRAINT outbox_event_pkey PRIMARY KEY (event_id);


--
-- Name: payment_case payment_case_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_case
    ADD CONSTRAINT payment_case_pkey PRIMARY KEY (case_id);


--
-- Name: payment payment_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_pkey PRIMARY KEY (payment_no);


--
-- Name: payment_transition payment_transition_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_transition
    ADD CONSTRAINT payment_transition_pkey PRIMARY KEY (payment_no, revision);


--
-- Name: refund_number refund_number_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refund_number
    ADD CONSTRAINT refund_number_pkey PRIMARY KEY (merchant_id, number);


--
-- Name: refund_part refund_part_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refund_part
    ADD CONSTRAINT refund_part_pkey PRIMARY KEY (merchant_id, refund_no, order_no);


--
-- Name: refund refund_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refund
    ADD CONSTRAINT refund_pkey PRIMARY KEY (merchant_id, refund_no);


--
-- Name: refund_transition refund_transition_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refund_transition
    ADD CONSTRAINT refund_transition_pkey PRIMARY KEY (merchant_id, refund_no, revision);


--
-- Name: allocation_duplicate_to_refund; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX allocation_duplicate_to_refund ON public.allocation USING btree (payment_no) WHERE ((state = 'DUPLICATE'::text) AND (refund_reserved < amount));


--
-- Name: allocation_of_order; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX allocation_of_order ON public.allocation USING btree (merchant_id, order_no, payment_no);


--
-- Name: allocation_one_effective_for_each_order; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX allocation_one_effective_for_each_order ON public.allocation USING btree (merchant_id, order_no) WHERE (state = 'EFFECTIVE'::text);


--
-- Name: notification_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX notification_by_time ON public.notification USING btree (receive_time);


--
-- Name: notification_of_payment; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX notification_of_payment ON public.notification USING btree (payment_no, receive_time) WHERE (payment_no IS NOT NULL);


--
-- Name: outbox_event_of_payment; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX outbox_event_of_payment ON public.outbox_event USING btree (payment_no, revision, "position");


--
-- Name: outbox_event_refund_success_is_told_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX outbox_event_refund_success_is_told_once ON public.outbox_event USING btree (merchant_id, refund_no) WHERE (event = 'refund.succeeded'::text);


--
-- Name: outbox_event_success_is_told_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX outbox_event_success_is_told_once ON public.outbox_event USING btree (payment_no) WHERE (event = 'payment.succeeded'::text);


--
-- Name: payment_case_opened_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX payment_case_opened_once ON public.payment_case USING btree (channel, channel_account, payment_no, kind, COALESCE(refund_no, ''::text), COALESCE(order_no, ''::text), COALESCE(channel_transaction_no, ''::text));


--
-- Name: payment_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX payment_due ON public.payment USING btree (next_check_time) WHERE (next_check_time IS NOT NULL);


--
-- Name: payment_of_merchant; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX payment_of_merchant ON public.payment USING btree (merchant_id, payment_no DESC);


--
-- Name: payment_one_for_each_channel_transaction; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX payment_one_for_each_channel_transaction ON public.payment USING btree (channel, channel_account, channel_transaction_no) WHERE (channel_transaction_no IS NOT NULL);


--
-- Name: refund_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX refund_due ON public.refund USING btree (next_check_time) WHERE (next_check_time IS NOT NULL);


--
-- Name: refund_of_merchant; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX refund_of_merchant ON public.refund USING btree (merchant_id, create_time DESC, refund_no DESC);


--
-- Name: refund_of_payment; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX refund_of_payment ON public.refund USING btree (payment_no);


--
-- Name: refund_one_for_each_channel_refund; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX refund_one_for_each_channel_refund ON public.refund USING btree (channel, channel_account, channel_refund_no) WHERE (channel_refund_no IS NOT NULL);


--
-- Name: allocation allocation_merchant_id_order_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.allocation
    ADD CONSTRAINT allocation_merchant_id_order_no_fkey FOREIGN KEY (merchant_id, order_no) REFERENCES public.merchant_order(merchant_id, order_no);


--
-- Name: allocation allocation_payment_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.allocation
    ADD CONSTRAINT allocation_payment_no_fkey FOREIGN KEY (payment_no) REFERENCES public.payment(payment_no);


--
-- Name: create_request create_request_payment_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.create_request
    ADD CONSTRAINT create_request_payment_no_fkey FOREIGN KEY (payment_no) REFERENCES public.payment(payment_no);


--
-- Name: payment_case payment_case_notification_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_case
    ADD CONSTRAINT payment_case_notification_id_fkey FOREIGN KEY (notification_id) REFERENCES public.notification(notification_id);


--
-- Name: payment_transition payment_transition_notification_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_transition
    ADD CONSTRAINT payment_transition_notification_id_fkey FOREIGN KEY (notification_id) REFERENCES public.notification(notification_id);


--
-- Name: payment_transition payment_transition_payment_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payment_transition
    ADD CONSTRAINT payment_transition_payment_no_fkey FOREIGN KEY (payment_no) REFERENCES public.payment(payment_no);


--
-- Name: refund_number refund_number_merchant_id_refund_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refund_number
    ADD CONSTRAINT refund_number_merchant_id_refund_no_fkey FOREIGN KEY (merchant_id, refund_no) REFERENCES public.refund(merchant_id, refund_no);


--
-- Name: refund_part refund_part_merchant_id_refund_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refund_part
    ADD CONSTRAINT refund_part_merchant_id_refund_no_fkey FOREIGN KEY (merchant_id, refund_no) REFERENCES public.refund(merchant_id, refund_no);


--
-- Name: refund refund_payment_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refund
    ADD CONSTRAINT refund_payment_no_fkey FOREIGN KEY (payment_no) REFERENCES public.payment(payment_no);


--
-- Name: refund_transition refund_transition_merchant_id_refund_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refund_transition
    ADD CONSTRAINT refund_transition_merchant_id_refund_no_fkey FOREIGN KEY (merchant_id, refund_no) REFERENCES public.refund(merchant_id, refund_no);


--
-- Name: refund_transition refund_transition_notification_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refund_transition
    ADD CONSTRAINT refund_transition_notification_id_fkey FOREIGN KEY (notification_id) REFERENCES public.notification(notification_id);


--
-- PostgreSQL database dump complete
--


