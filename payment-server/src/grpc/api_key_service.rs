//! `ApiKeyService`: decode, use case, encode.

use payment_proto::v1::{self, api_key_service_server::ApiKeyService};
use secrecy::ExposeSecret as _;
use tonic::{Request, Response, Status};

use super::{call::Call, convert};
use crate::app::{api_keys::KeyDesk, principal::Operator};

/// The API keys of the merchants that the operator sees, and of operators.
pub(super) struct ApiKeyDesk(pub(super) KeyDesk);

#[tonic::async_trait]
impl ApiKeyService for ApiKeyDesk {
    async fn create_api_key(
        &self,
        request: Request<v1::CreateApiKeyRequest>,
    ) -> Result<Response<v1::CreateApiKeyResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let command = convert::create_api_key(request)?;
            let created = self.0.create(&call.caller, command).await?;
            let secret = created.secret.expose_secret().to_owned();
            Ok(v1::CreateApiKeyResponse { api_key: Some(convert::api_key(created.api_key)), secret })
        };
        call.answer(use_case).await
    }

    async fn list_api_keys(
        &self,
        request: Request<v1::ListApiKeysRequest>,
    ) -> Result<Response<v1::ListApiKeysResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let holder = convert::key_holder(request.merchant_id, request.operator_name)?;
            let listed = self.0.list(&call.caller, holder).await?;
            Ok(v1::ListApiKeysResponse { api_keys: convert::listed_api_keys(listed) })
        };
        call.answer(use_case).await
    }

    async fn revoke_api_key(
        &self,
        request: Request<v1::RevokeApiKeyRequest>,
    ) -> Result<Response<v1::RevokeApiKeyResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let (holder, api_key_id) = convert::api_key_to_revoke(request)?;
            let revoked = self.0.revoke(&call.caller, holder, api_key_id).await?;
            Ok(v1::RevokeApiKeyResponse { api_key: convert::listed_api_keys(revoked).pop() })
        };
        call.answer(use_case).await
    }
}
