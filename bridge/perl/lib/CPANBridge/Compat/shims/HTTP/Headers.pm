package HTTP::Headers;

use 5.014;
use strict;
use warnings;

use Carp ();

our $VERSION = '6.44';

our $TRANSLATE_UNDERSCORE = 1;

# The order that RFC 2616 calls good practice: general fields, those of requests, those of responses, those of the content.
my @ORDER = qw(
  Cache-Control Connection Date Pragma Trailer Transfer-Encoding Upgrade Via Warning
  Accept Accept-Charset Accept-Encoding Accept-Language Authorization Expect From Host If-Match If-Modified-Since If-None-Match
  If-Range If-Unmodified-Since Max-Forwards Proxy-Authorization Range Referer TE User-Agent
  Accept-Ranges Age ETag Location Proxy-Authenticate Retry-After Server Vary WWW-Authenticate
  Allow Content-Encoding Content-Language Content-Length Content-Location Content-MD5 Content-Range Content-Type Expires Last-Modified
);
my ( %place, %spelling );
for my $i ( 0 .. $#ORDER ) {
    $place{ lc $ORDER[$i] }    = $i;
    $spelling{ lc $ORDER[$i] } = $ORDER[$i];
}

# Names as programs write them, with key and spelling. Emptied when it has grown: names come from the network, too.
my ( %names, %plain_names );

sub new {
    my ( $class, @fields ) = @_;
    my $self = bless {}, $class;
    $self->header(@fields) if @fields;
    return $self;
}

# The key of a field and how it is spelt.
sub _name {
    my ($field) = @_;
    my $known = ( $TRANSLATE_UNDERSCORE ? \%names : \%plain_names )->{$field};
    return $known if $known;
    Carp::croak("Illegal field name '$field'") if !length $field || rindex( $field, ':' ) > 0 || $field =~ /[\r\n]/;
    return [ $field, $field ] if $field =~ /\A:/;
    my $name = $field;
    $name =~ tr/_/-/ if $TRANSLATE_UNDERSCORE;
    my $key = lc $name;
    my $shown = $spelling{$key};
    if ( !defined $shown ) { ( $shown = $name ) =~ s/\b(\w)/\u$1/g }
    my $names = $TRANSLATE_UNDERSCORE ? \%names : \%plain_names;
    %$names = () if keys %$names > 500;
    return $names->{$field} = [ $key, $shown ];
}

# Reads a field, and changes it: SET, PUSH, INIT (if it has no value), or not at all (GET). Returns the old values.
sub _header {
    my ( $self, $field, $value, $how ) = @_;
    my ( $key, $shown ) = @{ _name($field) };
    my $old = $self->{$key};
    if ( defined $how && $how eq 'PUSH' && !defined wantarray && ref $old eq 'ARRAY' ) {    # in place: there may be thousands
        push @$old, ref $value eq 'ARRAY' ? @$value : $value;
        return;
    }
    my @old = ref $old eq 'ARRAY' ? @$old : defined $old ? $old : ();
    $how = defined $value ? 'SET' : 'GET' if !defined $how;
    if ( $how ne 'GET' && !( $how eq 'INIT' && @old ) ) {
        if ( !defined $value && $how eq 'SET' ) { delete $self->{$key}; delete $self->{'::std_case'}{$key} if $self->{'::std_case'} }
        else {
            my @new = $how eq 'PUSH' ? @old : ();
            push @new, ref $value eq 'ARRAY' ? @$value : $value;
            $self->{$key} = @new == 1 ? $new[0] : \@new;
            $self->{'::std_case'}{$key} = $shown if !$spelling{$key} && !defined $self->{'::std_case'}{$key};
        }
    }
    return @old;
}

sub header {
    my $self = shift;
    Carp::croak('Usage: $h->header($field, ...)') if !@_;
    my ( @old, %seen );
    while (@_) {
        my $field = shift;
        my $how = @_ ? $seen{ lc $field }++ ? 'PUSH' : 'SET' : 'GET';
        @old = $self->_header( $field, shift, $how );
    }
    return @old if wantarray;
    return @old <= 1 ? $old[0] : join ', ', @old;
}

sub clear {
    my ($self) = @_;
    %$self = ();
    return;
}

sub push_header {
    my $self = shift;
    return $self->_header( @_, 'PUSH' ) if @_ == 2;
    while ( my ( $field, $value ) = splice @_, 0, 2 ) { $self->_header( $field, $value, 'PUSH' ) }
    return;
}

sub init_header {
    my $self = shift;
    Carp::croak('Usage: $h->init_header($field, $value)') if @_ != 2;
    return $self->_header( @_, 'INIT' );
}

sub remove_header {
    my ( $self, @fields ) = @_;
    my @values;
    for my $field (@fields) {
        my $key = _name($field)->[0];
        my $old = delete $self->{$key};
        delete $self->{'::std_case'}{$key} if $self->{'::std_case'};
        push @values, ref $old eq 'ARRAY' ? @$old : $old if defined $old;
    }
    return @values;
}

sub remove_content_headers {
    my ($self) = @_;
    my $taken = ( ref $self )->new;
    for my $key ( grep { /\Acontent-/ || /\A(?:allow|expires|last-modified)\z/ } keys %$self ) {
        $taken->{$key} = delete $self->{$key};
        my $shown = $self->{'::std_case'} ? delete $self->{'::std_case'}{$key} : undef;
        $taken->{'::std_case'}{$key} = $shown if defined $shown;
    }
    return $taken;
}

sub _sorted_keys {
    my ($self) = @_;
    return sort { ( $place{$a} // 99 ) <=> ( $place{$b} // 99 ) || $a cmp $b } grep { $_ ne '::std_case' } keys %$self;
}

sub _shown {
    my ( $self, $key ) = @_;
    return $spelling{$key} // $self->{'::std_case'}{$key} // $key;
}

sub header_field_names {
    my ($self) = @_;
    my @keys = $self->_sorted_keys;
    return map { $self->_shown($_) } @keys if wantarray;
    return scalar @keys;
}

sub scan {
    my ( $self, $sub ) = @_;
    for my $key ( $self->_sorted_keys ) {
        my $shown = $self->_shown($key);
        my $value = $self->{$key};
        if ( ref $value eq 'ARRAY' ) { $sub->( $shown, $_ ) for @$value }
        else                         { $sub->( $shown, $value ) }
    }
    return;
}

sub flatten {
    my ($self) = @_;
    my @pairs;
    $self->scan( sub { push @pairs, $_[0], $_[1] } );
    return @pairs;
}

sub as_string {
    my ( $self, $end ) = @_;
    $end = "\n" if !defined $end;
    my $text = '';
    for my $key ( $self->_sorted_keys ) {
        my $shown = $self->_shown($key);
        $shown =~ s/\A://;
        for my $value ( ref $self->{$key} eq 'ARRAY' ? @{ $self->{$key} } : $self->{$key} ) {
            my $line = defined $value ? "$value" : '';
            $line = _folded( $line, $end ) if $line =~ /[\r\n]/;
            $text .= "$shown: $line$end";
        }
    }
    return $text;
}

# A value of several lines. None may be taken for another field or for the end of all.
sub _folded {
    my ( $text, $end ) = @_;
    for ($text) { s/\s+\z//; s/\n(?:\r?\n)+/\n/g; s/\n(?=[^ \t])/\n /g; s/\r(?!\n)/ /g; s/\n/$end/g }
    return $text;
}

sub clone {
    my ($self) = @_;
    my $other = ( ref $self )->new;
    for my $key ( keys %$self ) {
        my $value = $self->{$key};
        $other->{$key} = ref $value eq 'ARRAY' ? [@$value] : $key eq '::std_case' ? {%$value} : $value;
    }
    return $other;
}

# --- fields that have methods of their own ------------------------------------------------------------------------

# One for each field; a program may add a second argument for how, as _header has it.
for my $field (
    qw(Title User-Agent Server From Warning WWW-Authenticate Authorization Proxy-Authenticate Proxy-Authorization),
    qw(Content-Encoding Content-Language Content-Length)
  )
{
    ( my $method = lc $field ) =~ tr/-/_/;
    no strict 'refs';
    *$method = sub { my $self = shift; return ( $self->_header( $field, @_ ) )[0] };
}

for my $field (qw(Date Expires If-Modified-Since If-Unmodified-Since Last-Modified Client-Date)) {
    ( my $method = lc $field ) =~ tr/-/_/;
    no strict 'refs';
    *$method = sub { my $self = shift; return $self->_date_header( $field, @_ ) };
}

sub _date_header {
    my ( $self, $field, $time ) = @_;
    require HTTP::Date;
    my ($old) = $self->_header( $field, defined $time ? HTTP::Date::time2str($time) : () );
    return undef if !defined $old;    ## no critic (ProhibitExplicitReturnUndef)
    $old =~ s/;.*//s;
    return HTTP::Date::str2time($old);
}

sub retry_after {
    my ( $self, $new ) = @_;
    require HTTP::Date;
    my $is_date = defined $new && $new =~ /\A\d{9,}\z/;
    my ($old) = $self->_header( 'Retry-After', $is_date ? HTTP::Date::time2str($new) : defined $new ? $new : () );
    return defined $old && $old !~ /\A\d+\z/ ? HTTP::Date::str2time($old) : $old;
}

sub content_type {
    my ( $self, @new ) = @_;
    my $old = $self->{'content-type'};
    $self->_header( 'Content-Type', $new[0], 'SET' ) if @new;
    $old = $old->[0] if ref $old eq 'ARRAY';
    return '' if !defined $old || !length $old;
    my ( $type, $rest ) = split /;\s*/, $old, 2;
    $type = '' if !defined $type;
    $type =~ s/\s+//g;
    return wantarray ? ( lc $type, defined $rest ? $rest : () ) : lc $type;
}

sub content_type_charset {
    my ($self) = @_;
    require HTTP::Headers::Util;
    my $field = $self->{'content-type'};
    $field = $field->[0] if ref $field eq 'ARRAY';
    my ( $type, %params );
    if ( defined $field && $field =~ /\A([^\s;,="]+)(?:;\s*charset=([^\s;,="]+))?\z/i ) { ( $type, $params{charset} ) = ( lc $1, $2 ) }
    elsif ( defined $field && length $field ) {
        my ($words) = HTTP::Headers::Util::split_header_words($field);
        if ($words) {
            $type = $words->[0];
            my @rest = @$words;
            while ( my ( $name, $value ) = splice @rest, 0, 2 ) { $params{$name} = $value if !exists $params{$name} }
        }
    }
    my $charset = $params{charset};
    if ( defined $charset ) {
        $charset = uc $charset;
        s/\A\s+//, s/\s+\z// for $charset;
        undef $charset if !length $charset;
    }
    return wantarray ? ( $type, $charset ) : $charset;
}

sub content_is_text { my ($self) = @_; return scalar $self->content_type =~ m{\Atext/} ? 1 : '' }

sub content_is_html {
    my ($self) = @_;
    return $self->content_type eq 'text/html' || $self->content_is_xhtml;
}

sub content_is_xhtml {
    my ($self) = @_;
    my $type = $self->content_type;
    return $type eq 'application/xhtml+xml' || $type eq 'application/vnd.wap.xhtml+xml';
}

sub content_is_xml {
    my ($self) = @_;
    my $type = $self->content_type;
    return $type eq 'text/xml' || $type eq 'application/xml' || $type =~ /\+xml\z/ ? 1 : '';
}

sub referer {
    my ( $self, @new ) = @_;
    if ( @new && defined $new[0] && $new[0] =~ /#/ ) {
        if ( ref $new[0] ) {
            $new[0] = $new[0]->clone;
            $new[0]->fragment(undef);
        }
        else { $new[0] =~ s/#.*//s }
    }
    return ( $self->_header( 'Referer', @new ) )[0];
}
sub referrer { my $self = shift; return $self->referer(@_) }

sub authorization_basic       { my $self = shift; return $self->_basic( 'Authorization', @_ ) }
sub proxy_authorization_basic { my $self = shift; return $self->_basic( 'Proxy-Authorization', @_ ) }

sub _basic {
    my ( $self, $field, $user, $password ) = @_;
    require MIME::Base64;
    my ($old) = $self->_header($field);
    if ( defined $user ) {
        Carp::croak(q(Basic authorization user name can't contain ':')) if $user =~ /:/;
        $password = '' if !defined $password;
        $self->_header( $field, 'Basic ' . MIME::Base64::encode( "$user:$password", '' ), 'SET' );
    }
    return if !defined $old || $old !~ s/\A\s*Basic\s+//;
    my $both = MIME::Base64::decode($old);
    return wantarray ? split( /:/, $both, 2 ) : $both;
}

1;

__END__

=head1 NAME

HTTP::Headers - the header of a message

=head1 SYNOPSIS

    use HTTP::Headers;

    my $headers = HTTP::Headers->new( Content_Type => 'text/plain', Accept => [ 'text/html', 'text/*' ] );
    $headers->push_header( Accept => 'image/*' );
    print $headers->header('accept'), "\n", $headers->as_string;

=head1 DESCRIPTION

A replacement that comes with L<CPANBridge::Compat>, written in Perl: it needs no daemon.

=head1 COVERED

All that HTTP::Headers 6.44 documents, with HTTP::Headers::Util, HTTP::Headers::Auth and HTTP::Headers::ETag. What a value holds
after a newline can be taken neither for another field nor for the end of the header, and neither can what follows a bare carriage return.

=cut
