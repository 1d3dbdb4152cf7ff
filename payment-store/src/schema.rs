//! The tables as Diesel sees them. A test compares them with what the migrations made, column by column.

diesel::table! {
    api_key (merchant_id, api_key_id) {
        merchant_id -> Text,
        api_key_id -> Text,
        sha256 -> Binary,
        scopes -> Array<Text>,
        created_by -> Text,
        create_time -> Timestamptz,
        expire_time -> Nullable<Timestamptz>,
        revoked_by -> Nullable<Text>,
        revoke_time -> Nullable<Timestamptz>,
        last_use_time -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    api_key_bar (sha256) {
        sha256 -> Binary,
        holder -> Text,
        api_key_id -> Text,
        revoked_by -> Text,
        revoke_time -> Timestamptz,
    }
}

diesel::table! {
    api_key_revision (one) {
        one -> Bool,
        revision -> BigInt,
    }
}

diesel::table! {
    merchant_order (merchant_id, order_no) {
        merchant_id -> Text,
        order_no -> Text,
        create_time -> Timestamptz,
    }
}

diesel::table! {
    payment (payment_no) {
        payment_no -> Text,
        merchant_id -> Text,
        request_id -> Text,
        created_by -> Text,
        channel -> Text,
        channel_account -> Text,
        product -> Text,
        payee -> Text,
        currency -> Text,
        amount -> BigInt,
        description -> Text,
        options -> Jsonb,
        payer_client_ip -> Nullable<Text>,
        state -> Text,
        revision -> Integer,
        channel_transaction_no -> Nullable<Text>,
        handle -> Nullable<Text>,
        handle_expire_time -> Nullable<Timestamptz>,
        failure_reason -> Nullable<Text>,
        failure_code -> Nullable<Text>,
        create_time -> Timestamptz,
        expire_time -> Timestamptz,
        update_time -> Timestamptz,
        client_report_time -> Nullable<Timestamptz>,
        succeed_time -> Nullable<Timestamptz>,
        end_time -> Nullable<Timestamptz>,
        refund_reserved -> BigInt,
        next_check_time -> Nullable<Timestamptz>,
        checks -> Integer,
        capture_intend_time -> Nullable<Timestamptz>,
        hold_intend_time -> Nullable<Timestamptz>,
        notify_url -> Nullable<Text>,
    }
}

diesel::table! {
    payment_hold (payment_no) {
        payment_no -> Text,
        hold_no -> Text,
        hold_time -> Timestamptz,
        honour_end_time -> Timestamptz,
        expire_time -> Timestamptz,
    }
}

diesel::table! {
    create_request (merchant_id, request_id) {
        merchant_id -> Text,
        request_id -> Text,
        payment_no -> Text,
        create_time -> Timestamptz,
    }
}

diesel::table! {
    allocation (payment_no, order_no) {
        payment_no -> Text,
        order_no -> Text,
        merchant_id -> Text,
        amount -> BigInt,
        state -> Text,
        refund_reserved -> BigInt,
    }
}

diesel::table! {
    notification (notification_id) {
        notification_id -> Uuid,
        merchant_id -> Text,
        channel -> Text,
        channel_account -> Text,
        receive_time -> Timestamptz,
        target -> Text,
        headers -> Binary,
        body -> Binary,
        verdict -> Text,
        rejection -> Nullable<Text>,
        rejection_description -> Nullable<Text>,
        verified_by -> Nullable<Text>,
        channel_notification_id -> Nullable<Text>,
        payment_no -> Nullable<Text>,
        replay_of -> Nullable<Uuid>,
        replayed_by -> Nullable<Text>,
    }
}

diesel::table! {
    payment_transition (payment_no, revision) {
        payment_no -> Text,
        revision -> Integer,
        event -> Text,
        from_state -> Text,
        to_state -> Text,
        source -> Text,
        caller -> Nullable<Text>,
        notification_id -> Nullable<Uuid>,
        evidence -> Nullable<Binary>,
        verified_by -> Nullable<Text>,
        transition_time -> Timestamptz,
    }
}

diesel::table! {
    outbox_event (event_id) {
        event_id -> Uuid,
        merchant_id -> Text,
        payment_no -> Text,
        revision -> Integer,
        position -> SmallInt,
        event -> Text,
        create_time -> Timestamptz,
        refund_no -> Nullable<Text>,
        feed_no -> Nullable<BigInt>,
        case_id -> Nullable<Uuid>,
        snapshot -> Nullable<Jsonb>,
    }
}

diesel::table! {
    payment_case (case_id) {
        case_id -> Uuid,
        merchant_id -> Text,
        kind -> Text,
        channel -> Text,
        channel_account -> Text,
        payment_no -> Text,
        order_no -> Nullable<Text>,
        channel_transaction_no -> Nullable<Text>,
        currency -> Nullable<Text>,
        amount -> Nullable<BigInt>,
        description -> Text,
        source -> Text,
        notification_id -> Nullable<Uuid>,
        evidence -> Nullable<Binary>,
        verified_by -> Nullable<Text>,
        open_time -> Timestamptz,
        refund_no -> Nullable<Text>,
        state -> Text,
        resolution -> Nullable<Text>,
        resolution_order_no -> Nullable<Text>,
        resolution_reason -> Nullable<Text>,
        proposed_by -> Nullable<Text>,
        approved_by -> Nullable<Text>,
        resolution_refund_no -> Nullable<Text>,
        update_time -> Nullable<Timestamptz>,
        resolve_time -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    operator_act (act_id) {
        act_id -> Uuid,
        merchant_id -> Nullable<Text>,
        actor -> Text,
        act -> Text,
        reason -> Text,
        description -> Text,
        payment_no -> Nullable<Text>,
        refund_no -> Nullable<Text>,
        case_id -> Nullable<Uuid>,
        notification_id -> Nullable<Uuid>,
        act_time -> Timestamptz,
    }
}

diesel::table! {
    refund (merchant_id, refund_no) {
        merchant_id -> Text,
        refund_no -> Text,
        payment_no -> Text,
        channel -> Text,
        channel_account -> Text,
        amount -> BigInt,
        reason -> Text,
        description -> Text,
        origin -> Text,
        created_by -> Nullable<Text>,
        state -> Text,
        revision -> Integer,
        sent_as -> Text,
        successors -> SmallInt,
        channel_refund_no -> Nullable<Text>,
        attention -> Nullable<Text>,
        create_time -> Timestamptz,
        update_time -> Timestamptz,
        succeed_time -> Nullable<Timestamptz>,
        next_check_time -> Nullable<Timestamptz>,
        checks -> Integer,
        notify_url -> Nullable<Text>,
    }
}

diesel::table! {
    refund_part (merchant_id, refund_no, order_no) {
        merchant_id -> Text,
        refund_no -> Text,
        order_no -> Text,
        amount -> BigInt,
    }
}

diesel::table! {
    refund_number (merchant_id, number) {
        merchant_id -> Text,
        number -> Text,
        refund_no -> Text,
        create_time -> Timestamptz,
    }
}

diesel::table! {
    refund_transition (merchant_id, refund_no, revision) {
        merchant_id -> Text,
        refund_no -> Text,
        revision -> Integer,
        event -> Text,
        from_state -> Text,
        to_state -> Text,
        number -> Text,
        source -> Text,
        notification_id -> Nullable<Uuid>,
        evidence -> Nullable<Binary>,
        verified_by -> Nullable<Text>,
        transition_time -> Timestamptz,
    }
}

diesel::table! {
    event_feed (merchant_id) {
        merchant_id -> Text,
        last_no -> BigInt,
        trimmed_no -> BigInt,
        trimmed_before -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    event_consumer (consumer, merchant_id) {
        consumer -> Text,
        merchant_id -> Text,
        delivered_no -> BigInt,
        holder -> Nullable<Uuid>,
        lease_end -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    payment_trace (payment_no) {
        payment_no -> Text,
        trace_parent -> Text,
    }
}

diesel::table! {
    webhook_endpoint (merchant_id, endpoint) {
        merchant_id -> Text,
        endpoint -> Text,
        fanned_out_no -> BigInt,
        pause_reason -> Nullable<Text>,
        pause_time -> Nullable<Timestamptz>,
        failing_since -> Nullable<Timestamptz>,
        hold_until -> Nullable<Timestamptz>,
        resume_time -> Nullable<Timestamptz>,
        last_success_time -> Nullable<Timestamptz>,
        create_time -> Timestamptz,
        seen_time -> Timestamptz,
    }
}

diesel::table! {
    webhook_delivery (merchant_id, endpoint, event_no) {
        merchant_id -> Text,
        endpoint -> Text,
        event_no -> BigInt,
        payment_no -> Text,
        event_time -> Timestamptz,
        attempts -> Integer,
        failures -> Integer,
        next_attempt_time -> Nullable<Timestamptz>,
        claim_end -> Nullable<Timestamptz>,
        last_attempt_time -> Nullable<Timestamptz>,
        deliver_time -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_attempt (merchant_id, endpoint, event_no, attempt) {
        merchant_id -> Text,
        endpoint -> Text,
        event_no -> BigInt,
        attempt -> Integer,
        start_time -> Timestamptz,
        duration_milliseconds -> Integer,
        result -> Text,
        status_code -> Nullable<SmallInt>,
        description -> Text,
        response_excerpt -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    merchant_order,
    payment,
    create_request,
    allocation,
    refund,
    refund_part,
    refund_number,
    refund_transition,
);
