//! From a request of actix to a request of the API, and back. Actix has types of its own for both.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, error, web};
use ges_http::Service;
use http_body_util::{BodyExt, Full};

/// Answers what stands under the API's prefix. When the caller hangs up actix drops this future, or the body it sends.
pub async fn mounted(
    service: web::Data<Service>,
    request: HttpRequest,
    body: web::Bytes,
) -> actix_web::Result<HttpResponse> {
    let mut asked = http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    for (name, value) in request.headers() {
        asked = asked.header(name.as_str(), value.as_bytes());
    }
    let asked = asked.body(Full::new(body)).map_err(error::ErrorBadRequest)?;
    let (head, body) = service.handle(asked).await.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).map_err(error::ErrorInternalServerError)?;
    let mut answer = HttpResponse::build(status);
    for (name, value) in &head.headers {
        answer.append_header((name.as_str(), value.as_bytes()));
    }
    Ok(answer.streaming(body.map_err(error::ErrorInternalServerError).into_data_stream()))
}
